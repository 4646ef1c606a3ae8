import { describe, expect, it } from 'vitest';
import { offInPercent } from './discount';

describe('a discount in hundredths', () => {
    it('is whole fen a piece and never more than was said', () => {
        expect(offInPercent(1999, 1, 10), 'a tenth of 19.99 is 1.999').toBe(199);
        expect(offInPercent(1999, 3, 10), 'each piece alike').toBe(597);
        expect(offInPercent(5, 2, 10), 'half a fen is none').toBe(0);
        expect(offInPercent(29, 1, 100), 'all of it is all of it').toBe(29);
    });
});
