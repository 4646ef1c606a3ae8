import { describe, expect, it } from 'vitest';
import type { RefundState } from '../lib/backend/backend';
import { Words } from '../lib/words.svelte';
import { refundAppearance, refundHappened, refundNext, whoApproved } from './words';

const note = { text: 'paid out in cash', by: 'Chen', at: '2026-11-23T06:22:10Z' };
const states: RefundState[] = [
    { state: 'waiting', at: '2026-11-23T06:22:10Z' },
    { state: 'sending' },
    { state: 'processing' },
    { state: 'refunded', at: '2026-11-23T06:22:10Z', receivedBy: null },
    { state: 'needs_person', why: 'change' },
    { state: 'settled', why: 'change', note },
    { state: 'closed' },
    { state: 'closed_seen', note },
    { state: 'refused', code: 'NOTENOUGH' },
    { state: 'refused', code: 'SOMETHING_NEW' },
    { state: 'withdrawn' },
];

describe('the words for a refund', () => {
    for (const locale of ['zh-CN', 'en'] as const) {
        it(`say in ${locale} how it stands, where the money is and what to do`, () => {
            const words = new Words();
            words.locale = locale;
            const all = [...states, { state: 'sending', doubts: 1 } as const];
            for (const refund of all) {
                const said = [
                    words.t(`refund_state.${refundAppearance(refund).word}`),
                    refundHappened(words, refund),
                    refundNext(words, refund),
                ];
                for (const text of said) {
                    expect(text, `${refund.state} has words, not a key`).not.toMatch(/^refund_\w+\./);
                    expect(text, `${refund.state} leaves no value open`).not.toContain('{{');
                }
            }
        });
    }

    it('do not call a refund sent while it is not known', () => {
        expect(refundAppearance({ state: 'sending', doubts: 1 }).word, 'an answer was lost').toBe('unknown');
        expect(refundAppearance({ state: 'sending' }).word, 'the first question is out').toBe('sending');
    });

    it('name who approved it, and say so where there were no users', () => {
        const words = new Words();
        expect(whoApproved(words, 'Chen'), 'a manager by name').toBe('Chen');
        expect(whoApproved(words, 'confirmed, no users'), 'in the language of the till').toContain('没有');
    });

    it('name an unknown refusal with its code', () => {
        const words = new Words();
        expect(
            refundHappened(words, { state: 'refused', code: 'SOMETHING_NEW' }),
            'whoever is asked needs the code',
        ).toContain('SOMETHING_NEW');
    });
});
