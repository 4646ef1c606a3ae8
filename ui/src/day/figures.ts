/** What stands between the figures of a report and the page: shares, averages, comparisons, signs. Sums stay whole fen. */
import type { TallyView } from '../lib/backend/backend';
import { yuan } from '../lib/money';

/** A sum for a column: a true minus, no currency. */
export function signed(fen: string): string {
    return yuan(fen).replace('-', '−');
}

/** What is taken off, for a column. */
export function off(fen: string): string {
    return fen === '0' ? yuan(fen) : signed((-BigInt(fen)).toString());
}

/** Money with its currency and a true minus before both. */
export function signedMoney(fen: string): string {
    return fen.startsWith('-') ? `−¥${yuan(fen.slice(1))}` : `¥${yuan(fen)}`;
}

/** Whole fen, halves up; `null` where there was no sale. */
export function average({ count, sumFen }: TallyView): string | null {
    if (count <= 0) return null;
    const many = BigInt(count);
    return ((BigInt(sumFen) * 2n + many) / (many * 2n)).toString();
}

/** By how much `now` is more than `then`: `+6.2%`, `−12.0%`; `null` where there is nothing to compare with. */
export function change(now: string, then: string): string | null {
    const before = BigInt(then);
    if (before <= 0n) return null;
    const more = BigInt(now) - before;
    // Rounded away from the sign: division of big integers cuts towards zero.
    const size = ((more < 0n ? -more : more) * 2000n + before) / (before * 2n);
    const digits = String(size).padStart(2, '0');
    return `${more < 0n ? '−' : '+'}${digits.slice(0, -1)}.${digits.slice(-1)}%`;
}

export interface Share {
    way: string;
    sumFen: string;
    percent: string;
    drawn: number;
    from: number;
    to: number;
}

/** Parts of a whole, one beside the other. Percents add up to 100. */
export function shares(ways: { way: string; parts: TallyView[] }[]): Share[] {
    const sums = ways.map(({ way, parts }) => ({
        way,
        fen: parts.reduce((sum, part) => sum + BigInt(part.sumFen), 0n),
    }));
    const positive = sums.map(({ fen }) => (fen > 0n ? fen : 0n));
    const whole = positive.reduce((sum, fen) => sum + fen, 0n);
    let at = 0;
    let told = 0n;
    let seen = 0n;
    return sums.map(({ way, fen }, index) => {
        const part = positive[index] ?? 0n;
        seen += part;
        const until = whole === 0n ? 0n : (seen * 200n + whole) / (whole * 2n);
        const percent = until - told;
        told = until;
        const from = at;
        at += Number(part);
        return { way, sumFen: fen.toString(), percent: `${percent}%`, drawn: Number(part), from, to: at };
    });
}

/** `9f3c…e21a`: enough of a digest to compare two papers. */
export function short(digest: string): string {
    return `${digest.slice(0, 4)}…${digest.slice(-4)}`;
}

/** The day of the week in a language, short. */
export function weekday(day: string, locale: string): string {
    return new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' }).format(
        new Date(`${day}T12:00:00Z`),
    );
}
