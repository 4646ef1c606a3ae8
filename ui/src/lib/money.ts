/**
 * Money as text. Amounts are whole fen; the text is cut and joined as digits, never computed with as yuan, so no
 * amount passes through a fraction.
 */

/** The most one WeChat order may hold that still fits the till's wire: 100,000,000 fen less one. */
export const MOST_FEN = 99_999_999;

/** `2980` to `29.80`; also takes the decimal text in which sums of a day arrive. */
export function yuan(fen: number | string): string {
    const text = String(fen);
    const negative = text.startsWith('-');
    const digits = (negative ? text.slice(1) : text).padStart(3, '0');
    const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
    return `${negative ? '-' : ''}${whole}.${digits.slice(-2)}`;
}

/** Text with the currency before it: `¥29.80`. */
export function money(fen: number | string): string {
    return `¥${yuan(fen)}`;
}

/** What was typed, with the full-width digits and the full stop of a Chinese input method as the plain ones they stand for. */
export function plainYuan(typed: string): string {
    return typed.normalize('NFKC').replaceAll('\u3002', '.');
}

/**
 * Reads yuan as typed (`12`, `12.5`, `.50`, `1,200.00`) as whole fen; `null` when it is no amount or too much of one.
 * A comma that parts no thousands makes it none: `12,50` may mean either.
 */
export function readYuan(text: string): number | null {
    const match = /^(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d{0,2}))?$/.exec(plainYuan(text).trim());
    if (!match) return null;
    const whole = (match[1] ?? '').replaceAll(',', '');
    if (whole.length > 6) return null;
    const cents = match[2] ?? '';
    if (whole === '' && cents === '') return null;
    const fen = Number.parseInt((whole || '0') + cents.padEnd(2, '0'), 10);
    return fen <= MOST_FEN ? fen : null;
}

/** Whether an amount field holds what can't become one: it is marked, for a digit dropped in silence would change the sum. */
export function isNoYuan(text: string): boolean {
    return text !== '' && text !== '.' && readYuan(text) === null;
}

/** What the amount field holds after one more key of the keypad; a key that would make it no amount is dropped. */
export function typeYuan(text: string, key: string): string {
    if (key === 'Backspace') return text.slice(0, -1);
    if (key === '.') return text.includes('.') ? text : `${text === '' ? '0' : text}.`;
    if (!/^\d{1,2}$/.test(key)) return text;
    const next = text === '0' ? key.replace(/^0+(?=\d)/, '') : text + key;
    return /^\d{1,6}(\.\d{0,2})?$/.test(next) ? next : text;
}

/** Reads a whole count of pieces from 0 to 9999. */
export function readQuantity(text: string): number | null {
    return /^\d{1,4}$/.test(text.trim()) ? Number.parseInt(text, 10) : null;
}
