/** Snapshots may overtake one another between the answer to a question and a push: the newest one counts. */
export function newest<T extends { version: number }>(drawn: T | null, arrived: T): T {
    if (drawn !== null && arrived.version < drawn.version) return drawn;
    return arrived;
}
