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

/** Reads yuan as typed (`12`, `12.5`, `.50`) as whole fen; `null` when it is no amount or too much of one. */
export function readYuan(text: string): number | null {
    const match = /^(\d{0,6})(?:\.(\d{0,2}))?$/.exec(text.trim());
    if (!match) return null;
    const whole = match[1] ?? '';
    const cents = match[2] ?? '';
    if (whole === '' && cents === '') return null;
    const fen = Number.parseInt((whole || '0') + cents.padEnd(2, '0'), 10);
    return fen <= MOST_FEN ? fen : null;
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
