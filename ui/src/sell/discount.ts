/** What a discount in hundredths comes to: whole fen a piece, never more than was said. */

export function offInPercent(listFen: number, quantity: number, percent: number): number {
    return Math.floor((listFen * percent) / 100) * quantity;
}
