/** Words for one piece of evidence: what was asked or heard, what came of it, and whether its signature was right. */
import type { EvidenceKind, EvidenceView, SignVerdict } from '../lib/backend/backend';
import { clockSeconds } from '../lib/time';
import type { Words } from '../lib/words.svelte';
import type { IconName } from '../shared/Icon.svelte';

/** Words for an outcome; a code without words of its own is shown as it is. */
export function outcomeWords(words: Words, outcome: string, kind?: EvidenceKind): string {
    // `SUCCESS` of a query means paid, of any other question only that it was accepted.
    const special = `outcome_of.${kind ?? ''}.${outcome}`;
    if (words.knows(special)) return words.t(special);
    const status = /^http_(\d+)$/.exec(outcome)?.[1];
    if (status !== undefined) return words.t('outcome.http_status', { status });
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
