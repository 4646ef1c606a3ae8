/** The till window's state: the newest snapshot, which page is open, and what has to be said to the cashier. */
import {
    Refusal,
    type Backend,
    type ErrorCode,
    type Locale,
    type PaymentView,
    type Shown,
    type Snapshot,
} from './backend/backend';
import { Approvals } from '../staff/approvals.svelte';
import { isLive } from '../pay/appearance';
import type { Clock } from './clock.svelte';
import { newClick } from './identifiers';
import { settledMeanwhile } from './settled';
import { newest } from './versions';
import type { Words } from './words.svelte';

export type Page = 'sell' | 'orders' | 'day' | 'shift' | 'settings';

/** Something went otherwise than asked; stays until it is put away or the next thing works. */
export type Notice = {
    code:
        | ErrorCode
        | 'no_answer'
        | 'not_read'
        | 'scan_while_paying'
        | 'scan_in_dialog'
        | 'not_printed'
        | 'maybe_printed'
        | 'drawer_not_told';
    detail: string;
};

/** What a command that was not done has to say; `silence` when there was no answer at all. */
function noticeOf(error: unknown, silence: 'no_answer' | 'not_read'): Notice {
    return error instanceof Refusal
        ? { code: error.code, detail: error.detail }
        : { code: silence, detail: String(error) };
}

/** How long a payment settled in the background is told of; then the list has it for a while. Milliseconds. */
const GOOD_NEWS_STAYS = 30_000;
/** The till locks itself after minutes; milliseconds. */
const TOUCH_TOLD_EVERY = 15_000;

export class Till {
    readonly backend: Backend;
    readonly words: Words;
    readonly clock: Clock;
    /** Acts that wait for a manager's PIN. */
    readonly approvals = new Approvals();

    /** Everything drawn; `null` until the first one arrives. */
    snapshot = $state.raw<Snapshot | null>(null);
    page = $state<Page>('sell');
    notice = $state<Notice | null>(null);
    /** Payments that were settled in the background and not yet put away, newest last. */
    settled = $state.raw<PaymentView[]>([]);
    /** The order page opens with this order. */
    orderWanted = $state<string | null>(null);
    /** A sale is being placed; the button waits for the answer. */
    placing = $state(false);
    showWaiting = $state(false);
    showHelp = $state(false);
    /** The drawer is to be opened without a sale. */
    showDrawer = $state(false);

    /** A backup was put back, and whoever did it had to sign in again before it could be said. */
    restoredUntold = $state(false);
    /** How many barcodes were scanned. */
    scans = $state(0);

    /** When the till was last told that somebody is here. */
    #touchedAt = 0;
    /** Names the cashier's wish to take money, kept until the till has answered it. */
    #click: string | null = null;
    /** The language chosen while there was no till to keep it. */
    #wished: Locale | null = null;

    constructor(backend: Backend, words: Words, clock: Clock) {
        this.backend = backend;
        this.words = words;
        this.clock = clock;
    }

    /** Subscribes before asking, so that nothing pushed in between is lost. */
    async start(): Promise<void> {
        await this.backend.onSnapshot((snapshot) => this.accept(snapshot));
        this.accept(await this.backend.snapshot());
    }

    accept(arrived: Snapshot): void {
        const drawn = this.snapshot;
        if (newest(drawn, arrived) !== arrived) return;
        this.snapshot = arrived;
        this.clock.told(arrived.now);
        this.words.locale = arrived.problem === null ? arrived.locale : (this.#wished ?? arrived.locale);
        if (arrived.problem !== null && drawn?.problem == null) this.page = 'settings';
        if (arrived.problem === null && drawn?.problem != null) {
            if (this.page === 'settings') this.page = 'sell';
            this.notice = null;
            if (this.#wished !== null && this.#wished !== arrived.locale) void this.setLocale(this.#wished);
        }
        if (arrived.front !== null) this.#untell(arrived.front.outTradeNo);
        for (const outTradeNo of settledMeanwhile(drawn, arrived)) void this.#tellSettled(outTradeNo);
    }

    /** Runs a command of the cashier's; a refusal becomes a notice. Answers whether it was done. */
    async run(act: () => Promise<unknown>): Promise<boolean> {
        try {
            await act();
            this.notice = null;
            return true;
        } catch (error) {
            this.notice = noticeOf(error, 'no_answer');
            return false;
        }
    }

    /** Asks for something to show: as `run`, but success says nothing about an earlier notice, and silence nothing about money. */
    async read(act: () => Promise<unknown>): Promise<boolean> {
        try {
            await act();
            return true;
        } catch (error) {
            this.notice = noticeOf(error, 'not_read');
            return false;
        }
    }

    /** Runs an act that may need a manager's PIN. Answers whether it was done; a refusal becomes a notice. */
    async approved(what: string, act: (shown: Shown | null) => Promise<unknown>): Promise<boolean> {
        try {
            const done = await this.approvals.run(what, act);
            if (done) this.notice = null;
            return done;
        } catch (error) {
            this.notice = noticeOf(error, 'no_answer');
            return false;
        }
    }

    /** Locks the till, where there is somebody who can unlock it. */
    async lock(): Promise<void> {
        if (this.snapshot?.staff.atTill == null) return;
        this.approvals.giveUp();
        await this.run(() => this.backend.lockTill());
    }

    /** Somebody touches the window: it does not lock itself. Told seldom, for it is a matter of minutes. */
    touched(): void {
        const now = Date.now();
        if (this.snapshot?.staff.atTill == null || now - this.#touchedAt < TOUCH_TOLD_EVERY) return;
        this.#touchedAt = now;
        // The next act says the same; a missing word of presence is not worth an error.
        void this.backend.stillHere().catch(() => {});
    }

    /** Takes money for the cart. Asked twice before the answer, it is still one sale. */
    async pay(): Promise<void> {
        if (this.placing) return;
        this.placing = true;
        const click = (this.#click ??= newClick());
        await this.run(async () => {
            try {
                await this.backend.pay(click);
                this.#click = null;
            } catch (error) {
                // Only an answer ends the intent; after silence the same wish goes out under the same name.
                if (error instanceof Refusal) this.#click = null;
                throw error;
            }
        });
        this.placing = false;
    }

    /** A barcode came while a dialog asks for money, or for a PIN. */
    scannedInDialog(barcode: string): void {
        this.scans += 1;
        this.notice = { code: 'scan_in_dialog', detail: barcode };
    }

    /** Takes a scanned barcode to where it belongs. */
    async scanned(barcode: string): Promise<void> {
        this.scans += 1;
        if (this.snapshot?.staff.locked) return;
        const front = this.snapshot?.front ?? null;
        if (this.snapshot?.cash != null) {
            this.notice = { code: 'scan_in_dialog', detail: barcode };
            return;
        }
        if ((front !== null && front.state === 'paid') || this.snapshot?.cashPaid != null) {
            if (!(await this.run(() => this.backend.done()))) return;
        } else if (front !== null) {
            this.notice = { code: 'scan_while_paying', detail: barcode };
            return;
        }
        this.page = 'sell';
        await this.run(() => this.backend.cartScan(barcode));
    }

    /** Chooses the language; without a till to keep it, for this window until there is one. */
    async setLocale(locale: Locale): Promise<void> {
        if (this.snapshot?.problem == null) {
            await this.run(() => this.backend.setLocale(locale));
            return;
        }
        this.#wished = locale;
        this.words.locale = locale;
    }

    /** Reads the configuration again. What is wrong with it now is part of the snapshot, and no notice. */
    async reloadConfig(): Promise<void> {
        try {
            await this.backend.reloadConfig();
        } catch (error) {
            if (!(error instanceof Refusal) || error.code !== 'not_ready') {
                this.notice = { code: 'no_answer', detail: String(error) };
                return;
            }
        }
        await this.read(async () => this.accept(await this.backend.snapshot()));
    }

    async toFront(outTradeNo: string): Promise<void> {
        this.showWaiting = false;
        if (await this.run(() => this.backend.toFront(outTradeNo))) this.page = 'sell';
    }

    /** Opens one order with all its evidence. */
    openOrder(outTradeNo: string): void {
        this.orderWanted = outTradeNo;
        this.page = 'orders';
    }

    /** The cashier has read that a payment in the background was settled. */
    putAway(outTradeNo: string): void {
        this.#untell(outTradeNo);
        // Unsaid, it stays in the list for a while longer.
        void this.backend.seen(outTradeNo).catch(() => {});
    }

    #untell(outTradeNo: string): void {
        if (this.settled.some((payment) => payment.outTradeNo === outTradeNo))
            this.settled = this.settled.filter((payment) => payment.outTradeNo !== outTradeNo);
    }

    async #tellSettled(outTradeNo: string): Promise<void> {
        try {
            const payment = await this.backend.order(outTradeNo);
            // The list had no room for it: it waits all the same.
            if (isLive(payment) || payment.state === 'review') return;
            // That an order was closed which another payment had made needless is what everybody expects.
            if (
                payment.state === 'closed' &&
                (payment.why === 'paid_otherwise' || payment.why === 'rest_changed')
            )
                return;
            this.settled = [...this.settled.filter((told) => told.outTradeNo !== outTradeNo), payment].slice(
                -3,
            );
            setTimeout(() => this.#untell(outTradeNo), GOOD_NEWS_STAYS);
        } catch {
            // The order page still has it; a missing word of comfort is not worth an error.
        }
    }
}
