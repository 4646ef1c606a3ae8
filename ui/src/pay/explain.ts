/** Which sentences explain a payment's state: what happened, and what to do next. */
import type { PayState } from '../lib/backend/backend';
import type { Words } from '../lib/words.svelte';
import { appearance } from './appearance';

export function whatHappened(words: Words, payment: PayState & { doubts: number }): string {
    const { t } = words;
    switch (payment.state) {
        case 'closing':
            return t(`closing_why.${payment.why}`);
        case 'closed':
            return t(`closed_why.${payment.why}`);
        case 'review':
        case 'given_back':
            return t(`review.${payment.why}`);
        case 'refused': {
            const known = `refused.${payment.code}`;
            return t(words.knows(known) ? known : 'refused.other', { code: payment.code });
        }
        case 'placing':
        case 'placing_unknown':
        case 'awaiting_scan':
        case 'user_paying':
        case 'paid':
            return t(`state_hint.${appearance(payment).word}`);
    }
}

export function whatNext(words: Words, payment: PayState & { doubts: number }): string {
    if (payment.state === 'review') return words.t(`review_next.${payment.why}`);
    if ((payment.state === 'closing' || payment.state === 'closed') && payment.why === 'paid_otherwise')
        return words.t('state_next.paid_otherwise');
    return words.t(`state_next.${appearance(payment).word}`);
}
