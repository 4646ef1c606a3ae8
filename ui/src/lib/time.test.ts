import { describe, expect, it } from 'vitest';
import { calendarDay, clockSeconds, dayBeside, minutesSeconds, secondsSince, secondsUntil } from './time';

describe('times in the shop', () => {
    it('are shown in its own zone', () => {
        expect(clockSeconds('2026-11-23T06:26:58Z', 'Asia/Shanghai'), 'eight hours ahead').toBe('14:26:58');
        expect(calendarDay('2026-11-23T16:30:00Z', 'Asia/Shanghai'), 'past midnight there').toBe(
            '2026-11-24',
        );
        expect(clockSeconds('2026-11-23T16:00:00Z', 'Asia/Shanghai'), 'midnight is zero').toBe('00:00:00');
    });

    it('step from day to day across a month and a leap day', () => {
        expect(dayBeside('2026-12-01', -1), 'back over the month').toBe('2026-11-30');
        expect(dayBeside('2028-02-28', 1), 'a leap year').toBe('2028-02-29');
    });

    it('count down to zero and no further', () => {
        const at = '2026-11-23T06:30:00Z';
        const now = Date.parse(at);
        expect(minutesSeconds(secondsUntil(at, now - 1_548_000)), 'minutes and seconds').toBe('25:48');
        expect(secondsUntil(at, now + 5000), 'past is zero').toBe(0);
        expect(secondsSince(at, now + 2900), 'whole seconds that have passed').toBe(2);
        expect(secondsSince(at, now - 500), 'a clock a little behind shows no minus').toBe(0);
    });
});
