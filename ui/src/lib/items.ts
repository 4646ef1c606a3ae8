/** Tells a cart or an order apart in few words: its first line, and how many pieces when there are more. */
import type { Words } from './words.svelte';

export function itemsInShort(words: Words, { first, pieces }: { first: string; pieces: number }): string {
    return pieces <= 1 ? first : words.t('items.several', { name: first, count: pieces });
}
