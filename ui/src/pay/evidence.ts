/** Words for one piece of evidence: what was asked or heard, what came of it, and whether its signature was right. */
import type { EvidenceView, SignVerdict } from '../lib/backend/backend';
import { clockSeconds } from '../lib/time';
import type { Words } from '../lib/words.svelte';
import type { IconName } from '../shared/Icon.svelte';

export function outcomeWords(words: Words, outcome: string): string {
    const known = `outcome.${outcome}`;
    return words.knows(known) ? words.t(known) : outcome;
}

/** `14:22:10`, or `14:22:10–14:25:52` for a run of the same answers. */
export function span(evidence: EvidenceView, timeZone: string): string {
    const first = clockSeconds(evidence.firstAt, timeZone);
    const last = clockSeconds(evidence.lastAt, timeZone);
    return first === last ? first : `${first}–${last}`;
}

export function signIcon(sign: SignVerdict): IconName {
    switch (sign) {
        case 'right':
            return 'check';
        case 'wrong':
            return 'cross';
        case 'missing':
            return 'warn';
        case 'none':
            return 'minus';
    }
}
