import { describe, expect, it } from 'vitest';
import type { BillDifferenceView, BillRefundStanding } from '../../lib/backend/backend';
import { Words } from '../../lib/words.svelte';
import { causeMoney, causeName, causeWhat } from './words';

function refund(here: BillRefundStanding, there: BillRefundStanding): BillDifferenceView {
    return {
        subject: {
            about: 'refund',
            outRefundNo: 'T01-261122-000187-3QXD-R1',
            outTradeNo: 'T01-261122-000187-3QXD',
        },
        asOf: 'refund_differs:0:450',
        at: '2026-11-22T06:22:10Z',
        hereFen: '0',
        thereFen: '450',
        cause: { cause: 'refund_differs', here, there },
        waysOut: ['note'],
        notes: [],
        settled: false,
    };
}

describe('the words for a refund that differs from the bill', () => {
    const said = (locale: 'zh-CN' | 'en', difference: BillDifferenceView) => {
        const words = new Words();
        words.locale = locale;
        return [causeName, causeWhat, causeMoney].map((say) => say(words, difference)).join(' ');
    };

    it('say that the customer has no money where both sides have it as failed', () => {
        expect(said('en', refund('failed', 'failed'))).toContain('the customer did not get it');
        expect(said('zh-CN', refund('failed', 'failed'))).toContain('顾客没有收到');
    });

    it('say how each side has it where they do not agree', () => {
        expect(said('en', refund('done', 'failed'))).toContain(
            'Here: with the customer; on the bill: did not go through',
        );
    });
});
