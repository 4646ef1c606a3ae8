import { expect, it } from 'vitest';
import { zNumber, zNumbers } from './z';

it('numbers of Zs have four digits, more where there are more', () => {
    expect(zNumber(147)).toBe('0147');
    expect(zNumber(12_345)).toBe('12345');
    expect(zNumbers({ first: 6, last: 8 }), 'a stretch of them').toBe('0006–0008');
    expect(zNumbers({ first: 6, last: 6 }), 'one is no stretch').toBe('0006');
});
