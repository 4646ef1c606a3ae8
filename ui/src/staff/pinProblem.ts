/** Words for a PIN that was not taken. */
import { Refusal } from '../lib/backend/backend';
import { clockSeconds } from '../lib/time';
import type { Words } from '../lib/words.svelte';

export function pinProblem(words: Words, error: unknown, timeZone: string): string {
    if (!(error instanceof Refusal)) return words.t('error.no_answer.what');
    if (error.code === 'pin_shut') return words.t('pin.shut', { time: clockSeconds(error.detail, timeZone) });
    return words.t(`error.${error.code}.what`);
}
