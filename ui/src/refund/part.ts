/** What a person is putting together to give back: pieces of lines, an amount, or all that is left. */
import type { LineLeftView, RefundPart } from '../lib/backend/backend';

export type PartKind = RefundPart['part'];

/** Pieces chosen, by line. */
export type Chosen = Record<number, number>;

/** WeChat takes a reason of 80 bytes; a Chinese character is three of them. */
export const REASON_BYTES = 80;

/** The lines of which at least one piece is chosen. */
export function chosenLines(lines: LineLeftView[], chosen: Chosen): { line: number; pieces: number }[] {
    return lines.map(({ line }) => ({ line, pieces: chosen[line] ?? 0 })).filter(({ pieces }) => pieces > 0);
}

/** What the chosen pieces were sold for, in whole fen. */
export function sumOfChosen(lines: LineLeftView[], chosen: Chosen): number {
    return lines.reduce((sum, { line, priceFen }) => sum + priceFen * (chosen[line] ?? 0), 0);
}

/** Whether all these pieces can go back on the shelf. */
export function canGoBack(lines: LineLeftView[], pieces: { line: number; pieces: number }[]): boolean {
    const goods = new Map(lines.map((left) => [left.line, left.goods]));
    return pieces.length > 0 && pieces.every((wanted) => wanted.pieces <= (goods.get(wanted.line) ?? 0));
}

/** All pieces that were not given back by line. */
export function allPieces(lines: LineLeftView[]): { line: number; pieces: number }[] {
    return lines.filter(({ pieces }) => pieces > 0).map(({ line, pieces }) => ({ line, pieces }));
}

/** The length of a text as WeChat counts it. */
export function bytes(text: string): number {
    return new TextEncoder().encode(text).length;
}

/** Whether a text is a reason that WeChat takes. */
export function isReason(text: string): boolean {
    const trimmed = text.trim();
    return trimmed !== '' && bytes(trimmed) <= REASON_BYTES;
}
