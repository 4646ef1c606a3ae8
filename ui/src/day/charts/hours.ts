/** Which hours of a day are drawn: from the first with a sale to the last, at least a shop's usual day. */
import type { HourView } from '../../lib/backend/backend';

export interface HourColumn extends HourView {
    /** Which of the drawn hours it is: a day on which the clocks go back has one hour twice. */
    place: number;
    /** For drawing alone; what is read comes from the text. */
    drawn: number;
}

const OPENS = 8;
const CLOSES = 21;

export function hourColumns(hours: HourView[]): HourColumn[] {
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
    return hours
        .slice(from, to + 1)
        .map((hour, place) => ({ ...hour, place, drawn: Math.max(0, Number(hour.sumFen)) }));
}

/** The place of the best hour; `null` where nothing was sold. */
export function bestHour(columns: HourColumn[]): number | null {
    const most = Math.max(0, ...columns.map((column) => column.drawn));
    return most === 0 ? null : columns.findIndex((column) => column.drawn === most);
}
