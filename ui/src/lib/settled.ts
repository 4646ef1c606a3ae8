/** Finds payments that left the waiting list between two snapshots: they were settled while nobody looked. */
import type { Snapshot } from './backend/backend';

export function leftWaiting(before: Snapshot | null, after: Snapshot): string[] {
    if (before === null) return [];
    const still = new Set(after.waiting.map((payment) => payment.outTradeNo));
    return before.waiting
        .map((payment) => payment.outTradeNo)
        .filter((number) => !still.has(number) && number !== after.front?.outTradeNo);
}
