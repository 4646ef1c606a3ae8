import { describe, expect, it } from 'vitest';
import type { Snapshot } from './backend/backend';
import { leftWaiting } from './settled';
import { newest } from './versions';

describe('snapshots that overtake one another', () => {
    it('are drawn in the order they were made', () => {
        const two = { version: 2 };
        const three = { version: 3 };
        expect(newest(null, two), 'the first one is always drawn').toBe(two);
        expect(newest(two, three), 'a newer one replaces it').toBe(three);
        expect(newest(three, two), 'an older one that arrives late is dropped').toBe(three);
        const again = { version: 3 };
        expect(newest(three, again), 'the same version told again is as good').toBe(again);
    });
});

describe('payments that left the waiting list', () => {
    const snapshot = (waiting: string[], front: string | null = null) =>
        ({
            waiting: waiting.map((outTradeNo) => ({ outTradeNo })),
            front: front === null ? null : { outTradeNo: front },
        }) as unknown as Snapshot;

    it('are those that waited before and do not now', () => {
        expect(leftWaiting(snapshot(['A', 'B']), snapshot(['B'])), 'A was settled in the background').toEqual(
            ['A'],
        );
        expect(leftWaiting(null, snapshot(['A'])), 'the first snapshot has no before').toEqual([]);
    });

    it('are not told of when they are in front', () => {
        expect(
            leftWaiting(snapshot(['A'], 'A'), snapshot([], 'A')),
            'the cashier sees the payment in front turn green',
        ).toEqual([]);
    });
});
