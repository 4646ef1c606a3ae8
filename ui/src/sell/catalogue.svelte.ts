/** What the tiles show: the products of a category, or those that match what is typed. */
import type { Backend, ProductView } from '../lib/backend/backend';

/** A scanner's burst is over within this time, so its digits never start a search. Milliseconds. */
const TYPING_PAUSE = 60;

export class Catalogue {
    query = $state('');
    category = $state<string | null>(null);
    categories = $state.raw<string[]>([]);
    products = $state.raw<ProductView[]>([]);
    /** The query that `products` answers, trimmed. */
    answered = $state('');
    /** Nothing was asked yet, so an empty list means nothing. */
    loading = $state(true);

    readonly #backend: Backend;
    #asked = 0;

    constructor(backend: Backend) {
        this.#backend = backend;
        $effect(() => {
            const query = this.query.trim();
            // While searching, all categories are searched.
            const category = query === '' ? this.category : null;
            const timer = setTimeout(() => void this.#ask(query, category), query === '' ? 0 : TYPING_PAUSE);
            return () => clearTimeout(timer);
        });
    }

    /** Asks again: products or stock have changed. */
    async refresh(): Promise<void> {
        try {
            this.categories = await this.#backend.categories();
        } catch {
            // Without a working till there is nothing to show; the reason is already on the screen.
        }
        const query = this.query.trim();
        await this.#ask(query, query === '' ? this.category : null);
    }

    async #ask(query: string, category: string | null): Promise<void> {
        const turn = ++this.#asked;
        try {
            const products = await this.#backend.products(query, category);
            if (turn !== this.#asked) return;
            this.products = products;
            this.answered = query;
            this.loading = false;
        } catch {
            // As above.
        }
    }
}
