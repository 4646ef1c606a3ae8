import { describe, expect, it } from 'vitest';
import { newest } from './versions';

describe('snapshots that overtake one another', () => {
    it('are drawn in the order they were made', () => {
        const two = { version: 2 };
        const three = { version: 3 };
        expect(newest(null, two), 'the first one is always drawn').toBe(two);
        expect(newest(two, three), 'a newer one replaces it').toBe(three);
        expect(newest(three, two), 'an older one that arrives late is dropped').toBe(three);
        const again = { version: 3 };
        expect(newest(three, again), 'the same version told again is as good').toBe(again);
    });
});
