/** The customer display's state: the newest view, and nothing that could outlive it. */
import type { Backend, CustomerView } from './backend/backend';
import type { Clock } from './clock.svelte';
import { newest } from './versions';
import type { Words } from './words.svelte';

export class Display {
    readonly words: Words;
    readonly clock: Clock;
    readonly #backend: Backend;

    view = $state.raw<CustomerView | null>(null);

    constructor(backend: Backend, words: Words, clock: Clock) {
        this.#backend = backend;
        this.words = words;
        this.clock = clock;
    }

    /** Subscribes before asking, so that nothing pushed in between is lost. */
    async start(): Promise<void> {
        await this.#backend.onCustomer((view) => this.accept(view));
        this.accept(await this.#backend.customer());
    }

    accept(arrived: CustomerView): void {
        if (newest(this.view, arrived) !== arrived) return;
        this.view = arrived;
        this.clock.told(arrived.now);
        this.words.locale = this.view.locale;
    }
}
