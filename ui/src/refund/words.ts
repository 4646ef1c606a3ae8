/** How each state of a refund looks and which words it has: a colour, an icon and a word, never colour alone. */
import type { RefundState } from '../lib/backend/backend';
import type { Words } from '../lib/words.svelte';
import type { Appearance } from '../pay/appearance';

type Refund = RefundState & { doubts?: number };

/** `word` names the texts: `refund_state.<word>`, `refund_hint.<word>`, `refund_next.<word>`. */
export function refundAppearance(refund: Refund): Appearance {
    switch (refund.state) {
        case 'waiting':
            return { tone: 'placing', icon: 'hourglass', word: 'waiting' };
        case 'sending':
            if ((refund.doubts ?? 0) > 0) return { tone: 'unknown', icon: 'question', word: 'unknown' };
            return { tone: 'placing', icon: 'spinner', word: 'sending' };
        case 'processing':
            return { tone: 'refund', icon: 'back', word: 'processing' };
        case 'refunded':
            return { tone: 'refund', icon: 'check', word: 'refunded' };
        case 'needs_person':
            return { tone: 'bad', icon: 'bang', word: 'needs_person' };
        case 'settled':
            return { tone: 'closed', icon: 'check', word: 'settled' };
        case 'closed':
            return { tone: 'bad', icon: 'bang', word: 'closed' };
        case 'closed_seen':
            return { tone: 'closed', icon: 'slash', word: 'closed_seen' };
        case 'refused':
            return { tone: 'bad', icon: 'cross', word: 'refused' };
        case 'withdrawn':
            return { tone: 'closed', icon: 'slash', word: 'withdrawn' };
    }
}

/** What happened to it, and where the money is. */
export function refundHappened(words: Words, refund: Refund): string {
    const { t } = words;
    switch (refund.state) {
        case 'needs_person':
        case 'settled':
            return t(`refund_person.${refund.why}.what`);
        case 'refused': {
            const known = `refund_refused.${refund.code}`;
            return t(words.knows(known) ? known : 'refund_refused.other', { code: refund.code });
        }
        case 'waiting':
        case 'sending':
        case 'processing':
        case 'refunded':
        case 'closed':
        case 'closed_seen':
        case 'withdrawn':
            return t(`refund_hint.${refundAppearance(refund).word}`);
    }
}

/** What to do next. */
export function refundNext(words: Words, refund: Refund): string {
    if (refund.state === 'needs_person') return words.t(`refund_person.${refund.why}.next`);
    return words.t(`refund_next.${refundAppearance(refund).word}`);
}

/** Stands for a manager's name where the till had no users, as the ledger has it. */
const NO_USERS = 'confirmed, no users';

/** Who approved it or saw to it. */
export function whoApproved(words: Words, by: string): string {
    return by === NO_USERS ? words.t('refund.no_users') : by;
}
