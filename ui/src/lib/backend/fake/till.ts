/** An invented till in memory: it follows the rules the pages rely on, and its customer is played from outside. */
import type {
    Backend,
    CartLine,
    CustomerStage,
    CustomerView,
    ErrorCode,
    HeldCart,
    Lamps,
    Locale,
    OrderBrief,
    PayState,
    PriceWish,
    Problem,
    Shown,
    Snapshot,
} from '../backend';
import { Refusal } from '../backend';
import { FakeBills } from './bills';
import { FakeDrawer } from './cash';
import { dayOf, pastDay } from './history';
import { imported } from './import';
import { FakeKeeping } from './keeping';
import { FakeNotify } from './notify';
import { FakePayment } from './payment';
import { SHOP_NAME, moved, shopProducts, type FakeProduct } from './products';
import { FakeRefunds } from './refunds';
import { dayView } from './report';
import { repriced, withQuantity } from './reprice';
import { settingsView } from './settings';
import { FakeStaff } from './staff';
import { FakeReports } from './zreports';

const ZONE = 'Asia/Shanghai';
const POLL = 3000;
/** As long as the till lists what nobody has looked at, and as many. */
const UNSEEN_STAYS = 600_000;
const UNSEEN_MOST = 20;

function refuse(code: ErrorCode, detail = ''): never {
    throw new Refusal({ code, detail });
}

/** The till's time, which does not go back when the machine's does. */
function steadyNow(): string {
    return new Date(performance.timeOrigin + performance.now()).toISOString();
}

export class FakeTill {
    locale: Locale = 'zh-CN';
    training = true;
    problem: Problem | null = null;
    lamps: Omit<Lamps, 'notify'> = {
        wechat: { lamp: 'good', at: new Date().toISOString(), millis: 84 },
        clockWrong: false,
        diskTrouble: false,
    };
    /** How long WeChat takes to answer, in milliseconds. */
    answerTime = 250;
    /** WeChat gives no usable answer while this is set. */
    offline = false;
    /** How often the sale was really placed. */
    placed = 0;
    front: FakePayment | null = null;
    payments: FakePayment[] = [];
    products: FakeProduct[] = shopProducts();
    readonly keeping = new FakeKeeping(() => {
        this.staff.atTill = null;
        this.push();
    });
    readonly notify = new FakeNotify();
    readonly staff = new FakeStaff();
    readonly drawer = new FakeDrawer({
        lines: () => this.#lines,
        clear: () => (this.#lines = []),
        place: (lines, cash) => this.#place(lines, cash),
        find: (outTradeNo) => this.#find(outTradeNo),
        leave: () => (this.front = null),
        staff: this.staff,
    });
    readonly bills = new FakeBills();
    readonly refunds = new FakeRefunds({
        all: () => this.payments,
        find: (outTradeNo) => this.#find(outTradeNo),
        approve: (shown) => this.staff.approve(shown),
        adopt: (payment) => this.#stock(payment, -1),
        push: () => this.push(),
    });

    readonly reports = new FakeReports({
        payments: () => this.payments,
        products: () => this.products,
        shifts: () => this.drawer.views(),
        cash: () => this.drawer.cashSales,
        cashBack: () => this.drawer.cashBack,
        held: () => this.#held,
        by: () => this.staff.view().atTill?.name ?? '',
        shop: SHOP_NAME,
    });

    readonly #seen = new Set<(snapshot: Snapshot) => void>();
    readonly #seenByCustomer = new Set<(view: CustomerView) => void>();
    readonly #clicks = new Map<string, string>();
    #version = 1;
    #catalogueVersion = 1;
    #lines: CartLine[] = [];
    #held: (HeldCart & { lines: CartLine[] })[] = [];
    #next = 1;
    /** The customer display thanks until this time. */
    #thanks: { payment: FakePayment; until: number } | null = null;
    /** In front to be looked at: none of the customer's business who stands there. */
    #lookedAt: FakePayment | null = null;
    /** Settled while nobody looked, newest first. */
    #unseen: FakePayment[] = [];

    constructor() {
        this.payments = pastDay(dayOf(Date.now()), Date.now(), this.products);
        setInterval(() => this.#poll(), POLL);
    }

    snapshot(): Snapshot {
        return {
            version: this.#version,
            shopName: SHOP_NAME,
            tillId: 'T01',
            locale: this.locale,
            now: steadyNow(),
            timeZone: ZONE,
            training: this.training,
            problem: this.problem,
            lamps: { ...this.lamps, notify: this.notify.view },
            cart: {
                lines: this.#lines,
                pieces: this.#lines.reduce((sum, line) => sum + line.quantity, 0),
                totalFen: this.#total(),
            },
            held: this.#held.map(({ lines: _, ...held }) => held),
            front: this.front?.view() ?? null,
            refunds: this.refunds.briefs(),
            waiting: this.#waiting().map((payment) => payment.brief()),
            unlisted: 0,
            catalogueVersion: this.#catalogueVersion,
            billsVersion: this.bills.version,
            staff: this.staff.view(),
            house: this.staff.house,
            hasPrinter: this.reports.hasPrinter,
            hasDrawer: this.reports.hasPrinter && this.reports.hasDrawer,
            shift: this.drawer.brief(),
            cash: this.drawer.due(),
            cashPaid: this.drawer.paid,
            drawerShut: this.drawer.shut,
        };
    }

    customer(): CustomerView {
        return {
            version: this.#version,
            shopName: SHOP_NAME,
            locale: this.locale,
            now: steadyNow(),
            timeZone: ZONE,
            training: this.training,
            ...this.#stage(),
        };
    }

    #stage(): CustomerStage {
        const { paid } = this.drawer;
        if (paid !== null) return { stage: 'paid_cash', ...paid };
        const due = this.drawer.due();
        if (due !== null) return { stage: 'cash', totalFen: due.totalFen, dueFen: due.dueFen };
        if (this.#thanks !== null && Date.now() < this.#thanks.until) {
            const { payment } = this.#thanks;
            return {
                stage: 'paid',
                totalFen: payment.totalFen,
                transactionId: payment.paid?.transactionId ?? '',
            };
        }
        if (this.front !== null && this.front !== this.#lookedAt) {
            const view = this.front.view();
            if (view.qr !== null && this.front.doubts < 3) {
                const { qr, totalFen, outTradeNo, deadline } = view;
                return { stage: 'scan', qr, totalFen, outTradeNo, deadline };
            }
            if (this.front.live || view.state === 'review') return { stage: 'wait', totalFen: view.totalFen };
        }
        if (this.#lines.length > 0) return { stage: 'cart', lines: this.#lines, totalFen: this.#total() };
        return { stage: 'idle' };
    }

    /** What a person must decide, then what is not settled; then what was settled while nobody looked. */
    #waiting(): FakePayment[] {
        const review = this.payments.filter((payment) => payment.state.state === 'review');
        const open = this.payments.filter(
            (payment) => !review.includes(payment) && (payment.live || payment.cashInHandFen > 0),
        );
        return [...review, ...open, ...this.#unseen.filter((payment) => !open.includes(payment))];
    }

    /** Nobody looks at it: the list keeps it for a while. */
    #settledUnseen(payment: FakePayment): void {
        const { state } = payment;
        const expected =
            state.state === 'closed' && (state.why === 'paid_otherwise' || state.why === 'rest_changed');
        if (payment === this.front || payment.live || state.state === 'review' || expected) return;
        this.#unseen = [payment, ...this.#unseen].slice(0, UNSEEN_MOST);
        setTimeout(() => {
            this.#look(payment);
            this.push();
        }, UNSEEN_STAYS);
    }

    #look(payment: FakePayment): void {
        this.#unseen = this.#unseen.filter((unseen) => unseen !== payment);
    }

    /** Tells both windows what changed. */
    push(): void {
        this.#version += 1;
        for (const seen of this.#seen) seen(this.snapshot());
        for (const seen of this.#seenByCustomer) seen(this.customer());
    }

    #total(): number {
        return this.#lines.reduce((sum, line) => sum + line.sumFen, 0);
    }

    #change(act: () => void): Promise<null> {
        act();
        this.push();
        return Promise.resolve(null);
    }

    #find(outTradeNo: string): FakePayment {
        return (
            this.payments.find((payment) => payment.outTradeNo === outTradeNo) ??
            refuse('no_such_order', outTradeNo)
        );
    }

    #add(product: FakeProduct, priceFen: number): void {
        // The next customer has come.
        this.#thanks = null;
        const inCart = this.#lines
            .filter((line) => line.productId === product.id)
            .reduce((sum, line) => sum + line.quantity, 0);
        if (product.available !== null && inCart >= product.available) refuse('out_of_stock', product.name);
        const same = this.#lines.find(
            (line) => line.productId === product.id && line.priceFen === priceFen && line.reduction === null,
        );
        if (same !== undefined) {
            this.#setQuantity(same.line, same.quantity + 1);
            return;
        }
        const { id: productId, name } = product;
        this.#lines = [
            ...this.#lines,
            { line: this.#next++, productId, name, priceFen, quantity: 1, sumFen: priceFen, reduction: null },
        ];
    }

    #setQuantity(number: number, quantity: number): void {
        const found = this.#lines.find((line) => line.line === number);
        if (found === undefined) return;
        const product = this.products.find((candidate) => candidate.id === found.productId);
        const available = product?.available ?? 9999;
        if (quantity > 9999) refuse('quantity_out_of_range');
        if (quantity > available) refuse('out_of_stock', found.name);
        if (quantity < found.quantity)
            this.reports.void(found.priceFen * (found.quantity - quantity), quantity === 0);
        this.#lines = this.#lines
            .map((line) => (line.line === number ? withQuantity(line, quantity) : line))
            .filter((line) => line.quantity > 0);
    }

    #place(lines: CartLine[], cash = 0): FakePayment {
        const at = Date.now();
        const serial = String(this.payments.length + 1).padStart(6, '0');
        const tail = Math.floor(Math.random() * 0xffff)
            .toString(16)
            .toUpperCase()
            .padStart(4, '0');
        const number = `T01-${dayOf(at).slice(2).replaceAll('-', '')}-${serial}-${tail}`;
        const payment = new FakePayment(number, lines, at, cash);
        this.placed += 1;
        this.payments = [...this.payments, payment];
        this.front = payment;
        this.#thanks = null;
        this.#stock(payment, -1);
        setTimeout(() => {
            if (payment.state.state !== 'placing') return;
            if (this.offline) payment.state = { state: 'placing_unknown' };
            else payment.placed(Date.now());
            this.push();
        }, this.answerTime);
        return payment;
    }

    #stock(payment: FakePayment, sign: 1 | -1): void {
        this.products = moved(this.products, payment.lines, sign);
        this.#catalogueVersion += 1;
    }

    #poll(): void {
        let asked = false;
        for (const payment of this.payments.filter((candidate) => candidate.live)) {
            if (payment.state.state === 'placing') continue;
            asked = true;
            if (this.offline) payment.doubted(Date.now());
            else if (payment.state.state === 'placing_unknown') payment.placed(Date.now());
            else payment.asked(Date.now(), payment.state.state === 'user_paying' ? 'USERPAYING' : 'NOTPAY');
        }
        if (!asked) return;
        const at = new Date().toISOString();
        if (!this.offline)
            this.lamps = { ...this.lamps, wechat: { lamp: 'good', at, millis: 60 + (Date.now() % 50) } };
        else if (this.lamps.wechat.lamp !== 'unstable')
            this.lamps = { ...this.lamps, wechat: { lamp: 'unstable', since: at } };
        this.push();
    }

    /** The customer pays an order; nothing happens to one that is settled. */
    customerPays(payment: FakePayment, foundBy: 'query' | 'notify' = 'query'): void {
        if (!payment.live) return;
        payment.pay(Date.now(), foundBy);
        this.#settledUnseen(payment);
        if (payment === this.front && payment !== this.#lookedAt) {
            this.#lookedAt = payment;
            this.#thanks = { payment, until: Date.now() + 5000 };
            setTimeout(() => this.push(), 5050);
        }
        this.push();
    }

    /** Puts a payment into a state, as if all had come to that. */
    become(payment: FakePayment, state: PayState): void {
        if (state.state === 'review') payment.pay(Date.now(), 'query');
        payment.state = state;
        if (state.state === 'closed') this.#stock(payment, 1);
        this.#settledUnseen(payment);
        this.push();
    }

    backend(): Backend {
        return {
            snapshot: () => Promise.resolve(this.snapshot()),
            customer: () => Promise.resolve(this.customer()),
            onSnapshot: (seen) => {
                this.#seen.add(seen);
                return Promise.resolve(() => void this.#seen.delete(seen));
            },
            onCustomer: (seen) => {
                this.#seenByCustomer.add(seen);
                return Promise.resolve(() => void this.#seenByCustomer.delete(seen));
            },
            onExportProgress: (seen) => Promise.resolve(this.reports.onProgress(seen)),
            products: (query, category) => {
                const wanted = query.toLowerCase();
                return Promise.resolve(
                    this.products
                        .filter((product) => category === null || product.category === category)
                        .filter(
                            (product) =>
                                wanted === '' ||
                                product.name.toLowerCase().includes(wanted) ||
                                product.initials.startsWith(wanted) ||
                                product.barcode?.startsWith(wanted),
                        )
                        .slice(0, 200),
                );
            },
            categories: () => Promise.resolve([...new Set(this.products.map((product) => product.category))]),
            ...this.#cartCommands(),
            ...this.#paymentCommands(),
            ...this.#recordCommands(),
            ...this.#settingsCommands(),
            ...this.keeping.commands((shown) => this.staff.approve(shown)),
            ...this.notify.commands((act) => this.#change(act)),
            ...this.staff.commands((act) => this.#change(act)),
            ...this.drawer.commands((act) => this.#change(act), this.reports),
            ...this.bills.commands(
                (act) => this.#change(act),
                (shown) => this.staff.approve(shown),
            ),
            ...this.refunds.commands((act) => this.#change(act)),
            ...this.reports.commands((act) => this.#change(act)),
        };
    }

    #cartCommands() {
        const clear = () => {
            this.#lines = [];
        };
        const hold = () => {
            const [first] = this.#lines;
            if (first === undefined) refuse('cart_empty');
            const { pieces, totalFen } = this.snapshot().cart;
            const held = {
                id: this.#next++,
                heldAt: new Date().toISOString(),
                pieces,
                totalFen,
                first: first.name,
            };
            this.#held = [...this.#held, { ...held, lines: this.#lines }];
            clear();
        };
        return {
            cartAdd: async (productId: number, priceFen: number | null) => {
                const product = this.products.find((candidate) => candidate.id === productId);
                if (product === undefined) refuse('no_such_product');
                const price = product.priceFen ?? priceFen ?? refuse('price_missing', product.name);
                return this.#change(() => this.#add(product, price));
            },
            cartScan: async (barcode: string) => {
                const product = this.products.find((candidate) => candidate.barcode === barcode);
                if (product === undefined || product.priceFen === null) refuse('no_such_barcode', barcode);
                const price = product.priceFen;
                return this.#change(() => this.#add(product, price));
            },
            cartSetQuantity: async (line: number, quantity: number) =>
                this.#change(() => this.#setQuantity(line, quantity)),
            cartReprice: async (number: number, wish: PriceWish, shown: Shown | null) =>
                this.#change(() => {
                    const found = this.#lines.findIndex((line) => line.line === number);
                    const line = this.#lines[found] ?? refuse('no_such_product');
                    const approve = () => {
                        const by = this.staff.approve(shown);
                        this.reports.outOfOrdinary('approved');
                        this.reports.outOfOrdinary('discount_over_limit');
                        return by;
                    };
                    const { discountLimit } = this.staff.house;
                    const lines = repriced(line, wish, discountLimit, () => this.#next++, approve);
                    if (wish.ask === 'each') this.reports.outOfOrdinary('price_changed');
                    this.#lines = this.#lines.toSpliced(found, 1, ...lines);
                }),
            cartClear: async () =>
                this.#change(() => {
                    for (const line of this.#lines) this.reports.void(line.sumFen, true);
                    clear();
                }),
            cartHold: async () => this.#change(hold),
            cartFetch: async (id: number) =>
                this.#change(() => {
                    const wanted = this.#held.find((held) => held.id === id);
                    if (wanted === undefined) refuse('not_now');
                    if (this.#lines.length > 0) hold();
                    this.#lines = wanted.lines;
                    this.#held = this.#held.filter((held) => held.id !== id);
                }),
        };
    }

    #paymentCommands() {
        return {
            pay: async (click: string) => {
                const known = this.#clicks.get(click);
                if (known !== undefined) return known;
                if (this.lamps.diskTrouble) refuse('not_saved');
                if (this.#lines.length === 0) refuse('cart_empty');
                if (this.#total() === 0) refuse('nothing_to_pay');
                const payment = this.#place(this.#lines);
                this.#clicks.set(click, payment.outTradeNo);
                this.#lines = [];
                this.push();
                // A save takes a moment; a double click falls into it.
                await new Promise((resolve) => setTimeout(resolve, 40));
                return payment.outTradeNo;
            },
            checkNow: async (outTradeNo: string) => {
                const payment = this.#find(outTradeNo);
                payment.asking = true;
                this.push();
                setTimeout(() => {
                    payment.asking = false;
                    if (payment.live) {
                        if (this.offline) payment.doubted(Date.now());
                        else payment.asked(Date.now(), 'NOTPAY');
                    }
                    this.push();
                }, this.answerTime);
                return null;
            },
            toBackground: async () =>
                this.#change(() => {
                    this.front?.note(Date.now(), 'cashier', 'to_background', 'none');
                    this.front = null;
                }),
            toFront: async (outTradeNo: string) =>
                this.#change(() => {
                    const payment = this.#find(outTradeNo);
                    const same = payment === this.front;
                    this.front = payment;
                    this.#look(payment);
                    if (same) return;
                    this.#lookedAt = payment.view().canCancel ? null : payment;
                    if (this.#lookedAt === null) this.#thanks = null;
                }),
            seen: async (outTradeNo: string) => this.#change(() => this.#look(this.#find(outTradeNo))),
            cancel: async (outTradeNo: string) =>
                this.#change(() => {
                    const payment = this.#find(outTradeNo);
                    if (payment.state.state === 'paid') refuse('already_paid');
                    if (!payment.live) refuse('not_now');
                    payment.note(Date.now(), 'cashier', 'cancel', 'none');
                    payment.state = { state: 'closing', why: 'cancelled' };
                }),
            payAgain: async (outTradeNo: string) => {
                const old = this.#find(outTradeNo);
                if (!old.view().canPayAgain) refuse('not_now');
                const payment = this.#place(old.lines, old.cashFen);
                old.cashFen = 0;
                this.push();
                return payment.outTradeNo;
            },
            done: async () =>
                this.#change(() => {
                    if (this.front?.live) refuse('not_now');
                    this.front = null;
                    this.drawer.paid = null;
                }),
        };
    }

    #recordCommands() {
        const ofDay = (day: string | null) => {
            const wanted = day ?? dayOf(Date.now());
            if (wanted === dayOf(Date.now())) return this.payments;
            return wanted > dayOf(Date.now()) ? [] : pastDay(wanted, Date.now(), this.products);
        };
        return {
            orders: async ({
                day,
                text,
            }: {
                day: string | null;
                text: string | null;
            }): Promise<OrderBrief[]> => {
                const today = day === null || day === dayOf(Date.now());
                const isAmount = (fen: number) => fen === Math.round(Number(text) * 100);
                const orders = ofDay(day)
                    .map((payment): OrderBrief => ({ by: 'wechat', payment: payment.brief() }))
                    .filter(
                        (row) =>
                            row.by === 'wechat' &&
                            (text === null ||
                                row.payment.outTradeNo.toLowerCase().includes(text.toLowerCase()) ||
                                isAmount(row.payment.totalFen)),
                    );
                const inCash = (today ? this.drawer.sold : [])
                    .filter((cash) => cash.whole)
                    .map((cash) => cash.brief())
                    .filter(
                        (sale) =>
                            text === null ||
                            text.replace('#', '') === String(sale.sale) ||
                            isAmount(sale.totalFen),
                    )
                    .map((sale): OrderBrief => ({ by: 'cash', sale }));
                const at = (row: OrderBrief) => (row.by === 'cash' ? row.sale.paidAt : row.payment.placedAt);
                return [...orders, ...inCash]
                    .sort((one, other) => at(other).localeCompare(at(one)))
                    .slice(0, 500);
            },
            order: async (outTradeNo: string) => {
                const past = /-(\d\d)(\d\d)(\d\d)-/.exec(outTradeNo);
                const day = past === null ? null : `20${past[1]}-${past[2]}-${past[3]}`;
                const found = ofDay(day).find((payment) => payment.outTradeNo === outTradeNo);
                return (found ?? refuse('no_such_order', outTradeNo)).view();
            },
            day: async (day: string | null) =>
                dayView(day ?? dayOf(Date.now()), ofDay(day), this.locale, SHOP_NAME),
        };
    }

    #settingsCommands() {
        return {
            importProducts: async (csv: string) => imported(csv),
            settings: async () => settingsView(this.notify.view.link !== 'polling_only', this.training),
            setLocale: async (locale: Locale) =>
                this.#change(() => {
                    this.locale = locale;
                }),
            reloadConfig: async () =>
                this.#change(() => {
                    this.problem = null;
                }),
            openPhone: async () => {
                window.open('about:blank', 'phone', 'width=420,height=760');
                return null;
            },
        };
    }
}
