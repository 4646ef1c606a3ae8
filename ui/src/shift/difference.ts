/** What was counted against what should be there. */
import type { DifferenceView } from '../lib/backend/backend';

export function differenceOf(expectedFen: number, countedFen: number): DifferenceView {
    const over = countedFen - expectedFen;
    if (over === 0) return { is: 'agrees' };
    return over > 0 ? { is: 'over', fen: String(over) } : { is: 'short', fen: String(-over) };
}
