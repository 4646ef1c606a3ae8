import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock } from './clock.svelte';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;

describe('the pages’ clock', () => {
    let steady = 0;

    beforeEach(() => {
        steady = 0;
        vi.useFakeTimers({ now: NOON, toFake: ['Date', 'setInterval', 'clearInterval'] });
        vi.spyOn(performance, 'now').mockImplementation(() => steady);
    });

    afterEach(() => {
        vi.restoreAllMocks();
        vi.useRealTimers();
    });

    /** So much time goes by, and the machine's clock is set to this afterwards. */
    function pass(millis: number, machine = Date.now() + millis) {
        steady += millis;
        vi.setSystemTime(machine);
        vi.advanceTimersByTime(250);
    }

    it('is the till’s, and not the machine’s', () => {
        const clock = new Clock();
        const stop = clock.start();
        clock.told('2026-11-23T13:00:00Z');
        expect(clock.now, 'the machine may be an hour slow').toBe(NOON + HOUR);
        pass(10_000);
        expect(clock.now - (NOON + HOUR), 'and it goes on from there').toBeGreaterThanOrEqual(10_000);
        expect(clock.now - (NOON + HOUR), 'no faster than time').toBeLessThan(11_000);
        stop();
    });

    it('does not go back with the machine’s', () => {
        const clock = new Clock();
        const stop = clock.start();
        clock.told('2026-11-23T12:00:00Z');
        pass(10_000, NOON - HOUR);
        expect(clock.now, 'ten seconds have passed, whatever was done to the machine').toBe(NOON + 10_000);
        stop();
    });

    it('follows a machine that slept', () => {
        const clock = new Clock();
        const stop = clock.start();
        clock.told('2026-11-23T12:00:00Z');
        pass(0, NOON + HOUR);
        expect(clock.now, 'a deadline that has passed meanwhile has passed').toBeGreaterThanOrEqual(
            NOON + HOUR,
        );
        stop();
    });
});
