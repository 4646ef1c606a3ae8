/** How each state of a payment looks and which words it has: a colour, an icon and a word, never colour alone. */
import type { PayState } from '../lib/backend/backend';
import type { IconName } from '../shared/Icon.svelte';

export type Tone = 'placing' | 'wait' | 'paying' | 'paid' | 'refund' | 'warn' | 'unknown' | 'closed' | 'bad';

export interface Appearance {
    tone: Tone;
    icon: IconName;
    /** Names the texts: `state.<word>`, `state_hint.<word>`. */
    word: string;
}

/** From so many questions in a row without a usable answer the connection is called unstable. */
export const UNSTABLE_FROM = 3;

export function appearance(payment: PayState & { doubts: number }): Appearance {
    switch (payment.state) {
        case 'placing':
            return { tone: 'placing', icon: 'spinner', word: 'placing' };
        case 'placing_unknown':
            return { tone: 'unknown', icon: 'question', word: 'placing_unknown' };
        case 'awaiting_scan':
            if (payment.doubts >= UNSTABLE_FROM) return { tone: 'warn', icon: 'warn', word: 'unstable' };
            return { tone: 'wait', icon: 'pulse', word: 'awaiting_scan' };
        case 'user_paying':
            if (payment.doubts >= UNSTABLE_FROM) return { tone: 'warn', icon: 'warn', word: 'unstable' };
            return { tone: 'paying', icon: 'dots', word: 'user_paying' };
        case 'closing':
            return { tone: 'warn', icon: 'hourglass', word: 'closing' };
        case 'paid':
            return { tone: 'paid', icon: 'check', word: 'paid' };
        case 'closed':
            return { tone: 'closed', icon: 'slash', word: 'closed' };
        case 'refused':
            return { tone: 'bad', icon: 'cross', word: 'refused' };
        case 'review':
            return { tone: 'bad', icon: 'bang', word: 'review' };
        case 'given_back':
            return { tone: 'refund', icon: 'back', word: 'given_back' };
    }
}

/** Whether a payment in the list is there only because nobody has looked yet at how it ended. */
export function isNews(payment: PayState & { cashInHandFen: number }): boolean {
    return !isLive(payment) && payment.state !== 'review' && payment.cashInHandFen === 0;
}

/** Whether WeChat may still be asked about it: it is neither settled nor refused. */
export function isLive(payment: PayState): boolean {
    switch (payment.state) {
        case 'placing':
        case 'placing_unknown':
        case 'awaiting_scan':
        case 'user_paying':
        case 'closing':
            return true;
        case 'paid':
        case 'closed':
        case 'refused':
        case 'review':
        case 'given_back':
            return false;
    }
}
