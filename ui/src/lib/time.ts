/** Times as the shop reads them. Instants arrive as RFC 3339 in UTC and are shown in the shop's own zone. */

function parts(at: string | number, timeZone: string): Record<string, string> {
    const format = new Intl.DateTimeFormat('en-GB', {
        timeZone,
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        hourCycle: 'h23',
    });
    return Object.fromEntries(format.formatToParts(new Date(at)).map((part) => [part.type, part.value]));
}

/** `14:26:58` */
export function clockSeconds(at: string | number, timeZone: string): string {
    const p = parts(at, timeZone);
    return `${p.hour}:${p.minute}:${p.second}`;
}

/** `14:26` */
export function clockMinutes(at: string | number, timeZone: string): string {
    const p = parts(at, timeZone);
    return `${p.hour}:${p.minute}`;
}

/** `2026-11-23`, the calendar day in the shop's zone. */
export function calendarDay(at: string | number, timeZone: string): string {
    const p = parts(at, timeZone);
    return `${p.year}-${p.month}-${p.day}`;
}

/** The calendar day so many days later or earlier. */
export function dayBeside(day: string, days: number): string {
    const noon = new Date(`${day}T12:00:00Z`);
    noon.setUTCDate(noon.getUTCDate() + days);
    return noon.toISOString().slice(0, 10);
}

/** Whole seconds from `now` to `at`, never below zero. */
export function secondsUntil(at: string, now: number): number {
    return Math.max(0, Math.ceil((Date.parse(at) - now) / 1000));
}

/** Whole seconds from `at` to `now`, never below zero. */
export function secondsSince(at: string, now: number): number {
    return Math.max(0, Math.floor((now - Date.parse(at)) / 1000));
}

/** `25:48`; hours are added to the minutes. */
export function minutesSeconds(seconds: number): string {
    return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
