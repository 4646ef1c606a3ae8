/** The time the pages show: one ticking number, so that every countdown moves together. */
export class Clock {
    /** Milliseconds since 1970, renewed four times a second. */
    now = $state(Date.now());

    /** Starts ticking; stop it with the answer. */
    start(): () => void {
        const timer = setInterval(() => (this.now = Date.now()), 250);
        return () => clearInterval(timer);
    }
}
