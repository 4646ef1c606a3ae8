/** Finds payments that came to their end between two snapshots while nobody looked. */
import { isLive } from '../pay/appearance';
import type { Snapshot } from './backend/backend';

/** Those that waited before, and are listed as settled now or not listed any more. What a person has to decide is not settled. */
export function settledMeanwhile(before: Snapshot | null, after: Snapshot): string[] {
    if (before === null) return [];
    const listed = new Map(after.waiting.map((payment) => [payment.outTradeNo, payment]));
    return before.waiting
        .filter((payment) => isLive(payment))
        .map((payment) => payment.outTradeNo)
        .filter((number) => {
            const now = listed.get(number);
            const open = now !== undefined && (isLive(now) || now.state === 'review');
            return !open && number !== after.front?.outTradeNo;
        });
}
