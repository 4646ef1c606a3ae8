import { describe, expect, it } from 'vitest';
import type { PayState, Snapshot } from './backend/backend';
import { settledMeanwhile } from './settled';

describe('payments settled while nobody looked', () => {
    const snapshot = (waiting: Record<string, PayState['state']>, front: string | null = null) =>
        ({
            waiting: Object.entries(waiting).map(([outTradeNo, state]) => ({ outTradeNo, state })),
            front: front === null ? null : { outTradeNo: front },
        }) as unknown as Snapshot;

    it('are those that waited and are listed as paid, or not at all', () => {
        const before = snapshot({ A: 'awaiting_scan', B: 'awaiting_scan', C: 'closing', D: 'user_paying' });
        expect(
            settledMeanwhile(before, snapshot({ A: 'paid', B: 'user_paying', C: 'closed' })),
            'A was paid, C was closed, D is gone; B waits still',
        ).toEqual(['A', 'C', 'D']);
        expect(settledMeanwhile(null, before), 'the first snapshot has no before').toEqual([]);
    });

    it('are told of once', () => {
        const paid = snapshot({ A: 'paid' });
        expect(settledMeanwhile(paid, paid), 'what is listed as paid already is no news').toEqual([]);
        expect(settledMeanwhile(paid, snapshot({})), 'nor when it leaves the list').toEqual([]);
    });

    it('are not told of when they are in front', () => {
        expect(
            settledMeanwhile(snapshot({ A: 'awaiting_scan' }, 'A'), snapshot({}, 'A')),
            'the cashier sees the payment in front turn green',
        ).toEqual([]);
    });

    it('do not include what a person has to decide', () => {
        expect(
            settledMeanwhile(snapshot({ A: 'closing' }), snapshot({ A: 'review' })),
            'that has a message of its own, which stays',
        ).toEqual([]);
    });
});
