import { describe, expect, it } from 'vitest';
import type { BillCauseView, BillDifferenceView, BillRefundStanding } from '../../lib/backend/backend';
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

const said = (locale: 'zh-CN' | 'en', difference: BillDifferenceView) => {
    const words = new Words();
    words.locale = locale;
    return [causeName, causeWhat, causeMoney].map((say) => say(words, difference)).join(' ');
};

describe('the words for a fee', () => {
    const fee = (cause: BillCauseView) => ({ ...refund('done', 'done'), cause });
    const differs = (expected: string, charged: string) =>
        fee({ cause: 'fee_differs', rate: '0.60%', expected, charged });

    it('say of a payment what was taken and of a refund what comes back', () => {
        expect(said('en', differs('0.32400', '0.33000'))).toContain('makes ¥0.324; WeChat took ¥0.33');
        expect(said('en', differs('-0.27000', '0.00000'))).toContain('should have -¥0.27 and has ¥0.00');
        expect(said('zh-CN', differs('-0.27000', '0.27000'))).toContain('账单应是 -¥0.27，实际是 ¥0.27');
    });

    it('say why a fee can not be checked, and what to do', () => {
        for (const [cause, why] of [
            [{ cause: 'fee_missing' }, '手续费是空的'],
            [{ cause: 'rate_unreadable', said: '优惠', charged: '0.01000' }, '费率写的是“优惠”'],
            [{ cause: 'rate_unreadable', said: '', charged: '0.01000' }, '没有写费率'],
        ] as const) {
            expect(said('zh-CN', fee(cause))).toContain(why);
            expect(said('zh-CN', fee(cause))).toContain('请在商户平台查');
        }
    });
});

describe('the words for a refund that differs from the bill', () => {
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
