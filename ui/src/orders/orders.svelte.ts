/** The order page's list and the order picked from it. */
import type { Backend, OrderQuery, PaymentBrief, PaymentView } from '../lib/backend/backend';
import type { Till } from '../lib/till.svelte';

/** As many as the till answers with at most. */
export const MOST_ORDERS = 500;
/** A pause in typing starts the search, milliseconds. */
const TYPING_PAUSE = 150;

export class Orders {
    /** `null`: today. */
    day = $state<string | null>(null);
    text = $state('');
    list = $state.raw<PaymentBrief[] | null>(null);
    picked = $state<string | null>(null);
    order = $state.raw<PaymentView | null>(null);

    readonly #till: Till;
    readonly #backend: Backend;
    #asked = 0;
    #opened = 0;

    constructor(till: Till) {
        this.#till = till;
        this.#backend = till.backend;
    }

    readonly query: OrderQuery = $derived.by(() => {
        const text = this.text.trim();
        // A number or an amount is looked for in all days.
        return text === '' ? { day: this.day, text: null } : { day: null, text };
    });

    /** Asks for the list after a pause, for use in an effect. */
    askLater(query: OrderQuery): () => void {
        const timer = setTimeout(() => void this.ask(query), query.text === null ? 0 : TYPING_PAUSE);
        return () => clearTimeout(timer);
    }

    async ask(query: OrderQuery): Promise<void> {
        const turn = ++this.#asked;
        await this.#till.read(async () => {
            const list = await this.#backend.orders(query);
            if (turn === this.#asked) this.list = list;
        });
    }

    async open(outTradeNo: string): Promise<void> {
        const turn = ++this.#opened;
        this.picked = outTradeNo;
        await this.#till.read(async () => {
            const order = await this.#backend.order(outTradeNo);
            if (turn === this.#opened) this.order = order;
        });
    }
}
