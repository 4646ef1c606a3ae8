import { describe, expect, it } from 'vitest';
import { allPieces, bytes, canGoBack, chosenLines, isReason, sumOfChosen } from './part';

const lines = [
    { line: 1, priceFen: 1999, pieces: 3, goods: 3 },
    { line: 2, priceFen: 29, pieces: 0, goods: 2 },
    { line: 3, priceFen: 115, pieces: 2, goods: 1 },
];

describe('what is put together to give back', () => {
    it('is summed in whole fen', () => {
        expect(sumOfChosen(lines, { 1: 3, 3: 1 }), '3 × 19.99 + 1.15, to the fen').toBe(6112);
        expect(sumOfChosen(lines, {}), 'nothing chosen is nothing').toBe(0);
    });

    it('names only lines with pieces', () => {
        expect(chosenLines(lines, { 1: 2, 3: 0 }), 'a line set back to none is not in it').toEqual([
            { line: 1, pieces: 2 },
        ]);
        expect(allPieces(lines), 'a line that was given back already is not in it').toEqual([
            { line: 1, pieces: 3 },
            { line: 3, pieces: 2 },
        ]);
    });

    it('goes back to the shelf only with pieces that are not there yet', () => {
        expect(canGoBack(lines, [{ line: 1, pieces: 3 }]), 'three were sold and none is back').toBe(true);
        expect(canGoBack(lines, [{ line: 3, pieces: 2 }]), 'one of the two is back already').toBe(false);
        expect(canGoBack(lines, []), 'no goods are named').toBe(false);
    });

    it('has a reason that WeChat takes', () => {
        expect(bytes('长'), 'a Chinese character is three bytes').toBe(3);
        expect(isReason('长'.repeat(26)), '78 bytes fit').toBe(true);
        expect(isReason('长'.repeat(27)), '81 do not').toBe(false);
        expect(isReason('  '), 'blanks are no reason').toBe(false);
    });
});
