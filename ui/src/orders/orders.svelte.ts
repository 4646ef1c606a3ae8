/** The order page's list and the order picked from it. */
import type { Backend, CashSaleView, OrderBrief, OrderQuery, PaymentView } from '../lib/backend/backend';
import type { Till } from '../lib/till.svelte';

/** As many as the till answers with at most. */
export const MOST_ORDERS = 500;
/** A pause in typing starts the search, milliseconds. */
const TYPING_PAUSE = 150;

/** What stands beside the list: an order by its number, or a sale in cash by its own. */
export type Picked = { by: 'wechat'; outTradeNo: string } | { by: 'cash'; sale: number };

export function pickedOf(row: OrderBrief): Picked {
    return row.by === 'cash'
        ? { by: 'cash', sale: row.sale.sale }
        : { by: 'wechat', outTradeNo: row.payment.outTradeNo };
}

/** One name for either. */
export function keyOf(picked: Picked): string {
    return picked.by === 'cash' ? `cash-${picked.sale}` : picked.outTradeNo;
}

export class Orders {
    /** `null`: today. */
    day = $state<string | null>(null);
    text = $state('');
    list = $state.raw<OrderBrief[] | null>(null);
    picked = $state.raw<Picked | null>(null);
    order = $state.raw<PaymentView | null>(null);
    cashSale = $state.raw<CashSaleView | null>(null);

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

    async open(picked: Picked): Promise<void> {
        const turn = ++this.#opened;
        this.picked = picked;
        await this.#till.read(async () => {
            if (picked.by === 'cash') {
                const sale = await this.#backend.cashSale(picked.sale);
                if (turn !== this.#opened) return;
                [this.order, this.cashSale] = [null, sale];
            } else {
                const order = await this.#backend.order(picked.outTradeNo);
                if (turn !== this.#opened) return;
                [this.order, this.cashSale] = [order, null];
            }
        });
    }

    /** Cash went back: the list and what is beside it are asked for again. */
    async again(): Promise<void> {
        const { picked } = this;
        await Promise.all([this.ask(this.query), picked === null ? null : this.open(picked)]);
    }
}
