/** Turns the hours of a day into bars: from the first hour with a sale to the last, at least a shop's usual day. */
import type { HourView } from '../lib/backend/backend';

export interface Bar {
    hour: number;
    count: number;
    /** Whole fen in decimal text. */
    sumFen: string;
    /** Height as a part of the highest bar, 0 to 1. */
    share: number;
}

const OPENS = 8;
const CLOSES = 21;

export function bars(hours: HourView[]): Bar[] {
    const sold = hours.flatMap((hour, index) => (hour.sumFen === '0' ? [] : [index]));
    const from = Math.min(
        sold[0] ?? hours.length,
        Math.max(
            0,
            hours.findIndex((hour) => hour.hour === OPENS),
        ),
    );
    const to = Math.max(
        sold.at(-1) ?? 0,
        hours.findLastIndex((hour) => hour.hour === CLOSES),
    );
    const most = hours.reduce((top, hour) => (BigInt(hour.sumFen) > top ? BigInt(hour.sumFen) : top), 0n);
    return hours.slice(from, to + 1).map((hour) => ({
        ...hour,
        // The share is for drawing only; ten thousand steps are finer than any screen.
        share: most === 0n ? 0 : Number((BigInt(hour.sumFen) * 10_000n) / most) / 10_000,
    }));
}
