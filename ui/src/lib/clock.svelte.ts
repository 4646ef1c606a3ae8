/** The time the pages show: the till's own, and one ticking number, so that every countdown moves together. */

/** A picture of the till arrives later than it was made; milliseconds. */
const LATE_MAX = 1000;

export class Clock {
    /** Milliseconds since 1970, renewed four times a second. */
    now = $state(Date.now());

    #told = { at: Date.now(), machine: Date.now(), steady: performance.now() };

    /** The till has said what time it is; `null`: there is no till, and the machine's clock has to do. */
    told(at: string | null): void {
        const machine = Date.now();
        const told = at === null ? machine : Date.parse(at);
        const late = this.#passed() - told;
        // What was told takes its time to arrive; that turns no countdown back.
        if (late >= 0 && late < LATE_MAX) return;
        this.#told = { at: told, machine, steady: performance.now() };
        this.now = told;
    }

    /** Starts ticking; stop it with the answer. */
    start(): () => void {
        const timer = setInterval(() => (this.now = this.#passed()), 250);
        return () => clearInterval(timer);
    }

    /** A machine's clock that is turned back is not followed. One that jumps ahead is: the machine slept. */
    #passed(): number {
        const { at, machine, steady } = this.#told;
        return at + Math.max(performance.now() - steady, Date.now() - machine);
    }
}
