import { describe, expect, it } from 'vitest';
import type { EvidenceView } from '../lib/backend/backend';
import { Words } from '../lib/words.svelte';
import { appearance, isLive } from './appearance';
import { outcomeWords, span } from './evidence';
import { whatHappened } from './explain';

describe('the words for evidence', () => {
    const words = new Words();

    it('tell an accepted question from a paid order', () => {
        expect(outcomeWords(words, 'SUCCESS', 'orderquery'), 'a query that says SUCCESS says paid').toContain(
            '已支付',
        );
        expect(
            outcomeWords(words, 'SUCCESS', 'unifiedorder'),
            'placing well is not being paid',
        ).not.toContain('已支付');
        expect(
            outcomeWords(words, 'SUCCESS', 'closeorder'),
            'closing well is the contrary of paid',
        ).toContain('已关单');
    });

    it('know HTTP statuses and pass on what is new', () => {
        expect(outcomeWords(words, 'http_502', 'orderquery'), 'the status is named').toContain('502');
        expect(outcomeWords(words, 'SOMETHING_NEW', 'orderquery'), 'a new code is shown as it is').toBe(
            'SOMETHING_NEW',
        );
    });

    it('show a run of the same answers as a span', () => {
        const row = { firstAt: '2026-11-23T06:22:10Z', lastAt: '2026-11-23T06:25:52Z' } as EvidenceView;
        expect(span(row, 'Asia/Shanghai'), 'first and last').toBe('14:22:10–14:25:52');
        expect(span({ ...row, lastAt: row.firstAt }, 'Asia/Shanghai'), 'one alone').toBe('14:22:10');
    });
});

describe('the look of a state', () => {
    it('says unstable from the third doubt on, while a QR code is shown', () => {
        expect(appearance({ state: 'awaiting_scan', doubts: 2 }).word, 'two may happen').toBe(
            'awaiting_scan',
        );
        expect(appearance({ state: 'awaiting_scan', doubts: 3 }).word, 'three are a pattern').toBe(
            'unstable',
        );
        expect(
            appearance({ state: 'closing', why: 'cancelled', doubts: 9 }).word,
            'what it is comes first',
        ).toBe('closing');
    });

    it('counts a payment as live until it is settled, closed, refused or for a person', () => {
        expect(isLive({ state: 'closing', why: 'deadline' }), 'it may still be paid').toBe(true);
        expect(isLive({ state: 'review', why: 'paid_twice' }), 'a person decides').toBe(false);
    });

    it('puts an unknown refusal into words with its code', () => {
        const words = new Words();
        expect(
            whatHappened(words, { state: 'refused', code: 'NEW_CODE', doubts: 0 }),
            'the code helps the owner',
        ).toContain('NEW_CODE');
    });
});
