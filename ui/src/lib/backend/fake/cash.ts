/** The invented till's drawer: cash for the cart or instead of an order, and shifts from count to count. */
import type {
    CashDirection,
    CashDueView,
    CashSaleView,
    DrawerShutView,
    RefundPart,
    RefundableView,
    CashPaidView,
    CashMoveView,
    CartLine,
    ClosingView,
    DrawerView,
    Shown,
    ShiftSumsView,
    ShiftView,
} from '../backend';
import { Refusal } from '../backend';
import { FakeCash } from './cashRefunds';
import type { PastCash } from './history';
import type { FakePayment } from './payment';
import type { FakeStaff } from './staff';
import type { FakeReports } from './zreports';

const NOTES = [500, 1000, 2000, 5000, 10_000];
const DENOMINATIONS = [10_000, 5000, 2000, 1000, 500, 100, 50, 20, 10, 5, 2, 1];

type Change = (act: () => void) => Promise<null>;

interface Shift {
    number: number;
    openedAt: string;
    openedBy: string | null;
    float: number;
    sales: number;
    salesCount: number;
    givenBack: number;
    refunds: number;
    moves: CashMoveView[];
    end: ShiftView['end'];
}

/** What the drawer needs of the till around it. */
export interface Counter {
    lines: () => CartLine[];
    clear: () => void;
    place: (lines: CartLine[], cash: number) => FakePayment;
    find: (outTradeNo: string) => FakePayment;
    leave: () => void;
    staff: FakeStaff;
}

function refuse(code: Refusal['code']): never {
    throw new Refusal({ code, detail: '' });
}

const sumOf = (lines: CartLine[]) => lines.reduce((sum, line) => sum + line.sumFen, 0);

export class FakeDrawer {
    of: string | null | undefined;
    paid: CashPaidView | null = null;
    /** The drawer was to open for cash, and did not. */
    shut: DrawerShutView | null = null;
    shifts: Shift[] = [];
    /** Sales paid in cash alone, oldest first. */
    readonly cashSales: PastCash[] = [];
    /** What went back of them, and of parts in cash, oldest first. */
    readonly cashBack: PastCash[] = [];
    /** The cash of every sale, oldest first. */
    readonly sold: FakeCash[] = [];
    #clicks = new Map<string, string>();
    #sales = 0;

    constructor(readonly counter: Counter) {}

    get open(): Shift | null {
        return this.shifts.find((shift) => shift.end === null) ?? null;
    }

    brief() {
        const { open } = this;
        return open === null ? null : { number: open.number, openedAt: open.openedAt };
    }

    due(): CashDueView | null {
        if (this.of === undefined) return null;
        const payment = this.of === null ? null : this.counter.find(this.of);
        const lines = payment?.lines ?? this.counter.lines();
        if (lines.length === 0 || payment?.state.state === 'paid') return null;
        const totalFen = sumOf(lines);
        const takenFen = payment?.cashFen ?? 0;
        const dueFen = totalFen - takenFen;
        const notes = NOTES.map((note) => Math.ceil(dueFen / note) * note).filter((fen) => fen > dueFen);
        const quickFen = [...new Set([dueFen, ...notes])].sort((one, other) => one - other);
        return { outTradeNo: this.of, totalFen, takenFen, dueFen, quickFen, lines };
    }

    #sold(fen: number): void {
        const shift = this.open;
        if (shift === null) return;
        shift.sales += fen;
        shift.salesCount += 1;
    }

    views(): ShiftView[] {
        return this.shifts.map((shift) => this.#view(shift));
    }

    #view(shift: Shift): ShiftView {
        const blind = this.counter.staff.house.blindCount && shift.end === null;
        return {
            number: shift.number,
            openedAt: shift.openedAt,
            openedBy: shift.openedBy,
            floatFen: String(shift.float),
            sums: blind ? null : this.#sums(shift),
            moves: shift.moves,
            end: shift.end,
        };
    }

    #moved(shift: Shift, direction: CashDirection): number {
        return shift.moves
            .filter((move) => move.direction === direction)
            .reduce((sum, move) => sum + move.amountFen, 0);
    }

    #sums(shift: Shift): ShiftSumsView {
        const [paidIn, paidOut] = [this.#moved(shift, 'in'), this.#moved(shift, 'out')];
        return {
            salesCount: shift.salesCount,
            salesFen: String(shift.sales),
            givenBackFen: String(shift.givenBack),
            refundsFen: String(shift.refunds),
            paidInFen: String(paidIn),
            paidOutFen: String(paidOut),
            expectedFen: String(
                shift.float + shift.sales - shift.givenBack - shift.refunds + paidIn - paidOut,
            ),
        };
    }

    #take(click: string, outTradeNo: string | null, tendered: number): void {
        if (this.#clicks.has(click)) return;
        this.of = outTradeNo;
        const due = this.due() ?? refuse('not_now');
        if (tendered < due.dueFen) refuse('too_little');
        this.#clicks.set(click, '');
        this.#sold(due.dueFen);
        const payment = outTradeNo === null ? null : this.counter.find(outTradeNo);
        if (payment === null) {
            this.cashSales.push({ at: Date.now(), fen: due.dueFen, lines: due.lines });
            this.#remember(due.lines, due.dueFen, tendered, true);
            this.counter.clear();
        } else {
            payment.cashFen += due.dueFen;
            if (payment.live) payment.state = { state: 'closing', why: 'paid_otherwise' };
        }
        this.counter.leave();
        this.of = undefined;
        this.paid = {
            sale: this.#sales,
            totalFen: due.totalFen,
            dueFen: due.dueFen,
            tenderedFen: tendered,
            changeFen: tendered - due.dueFen,
            at: new Date().toISOString(),
        };
    }

    #remember(lines: CartLine[], amountFen: number, tenderedFen: number, whole: boolean): FakeCash {
        this.#sales += 1;
        const taken = {
            at: new Date().toISOString(),
            amountFen,
            tenderedFen,
            changeFen: tenderedFen - amountFen,
            by: this.counter.staff.view().atTill?.name ?? null,
            shift: this.open?.number ?? null,
        };
        const cash = new FakeCash(this.#sales, lines, [taken], whole);
        this.sold.push(cash);
        return cash;
    }

    #cash(sale: number): FakeCash {
        return this.sold.find((cash) => cash.sale === sale) ?? refuse('no_such_order');
    }

    #refund(sale: number, part: RefundPart, reason: string, click: string): string {
        const known = this.#clicks.get(click);
        if (known !== undefined) return known;
        const { atTill } = this.counter.staff.view();
        const refund = this.#cash(sale).give(part, reason, atTill?.name ?? null, this.open?.number ?? null);
        if (this.open !== null) this.open.refunds += refund.amountFen;
        this.cashBack.push({ at: Date.now(), fen: refund.amountFen, lines: [] });
        this.#clicks.set(click, refund.number);
        return refund.number;
    }

    #part(click: string, outTradeNo: string | null, part: number): string {
        const known = this.#clicks.get(click);
        if (known !== undefined) return known;
        this.of = outTradeNo;
        const due = this.due() ?? refuse('not_now');
        if (part >= due.dueFen) refuse('not_now');
        this.#sold(part);
        const old = outTradeNo === null ? null : this.counter.find(outTradeNo);
        if (old?.live) old.state = { state: 'closing', why: 'rest_changed' };
        const payment = this.counter.place(due.lines, due.takenFen + part);
        payment.cash = this.#remember(due.lines, part, part, false);
        if (old === null) this.counter.clear();
        else old.cashFen = 0;
        this.of = undefined;
        this.#clicks.set(click, payment.outTradeNo);
        return payment.outTradeNo;
    }

    commands(change: Change, reports: FakeReports) {
        const pulse = () => {
            if (reports.hasPrinter && reports.hasDrawer) reports.pulses += 1;
        };
        /** For cash nobody waits for the printer: what came of it is known later. */
        const pulseForCash = () => {
            this.shut = null;
            pulse();
            const { outcome } = reports.printer;
            if (!reports.hasPrinter || !reports.hasDrawer || outcome === 'printed') return;
            setTimeout(
                () =>
                    void change(() => {
                        this.shut = { at: new Date().toISOString(), certain: outcome === 'not_sent' };
                    }),
                reports.takes,
            );
        };
        return {
            openDrawer: async (reason: string, shown: Shown | null) => {
                if (!reports.hasPrinter || !reports.hasDrawer) refuse('no_drawer');
                if (reason.trim() === '') refuse('reason_missing');
                const { staff } = this.counter;
                if (staff.house.drawerNeedsManager) staff.approve(shown);
                reports.outOfOrdinary('drawer_opened');
                pulse();
                await change(() => {
                    if (reports.printer.outcome === 'printed') this.shut = null;
                });
                return reports.printer;
            },
            openCash: async (outTradeNo: string | null) =>
                change(() => {
                    this.of = outTradeNo;
                }),
            shutCash: async () =>
                change(() => {
                    this.of = undefined;
                }),
            takeCash: async (click: string, outTradeNo: string | null, tendered: number) =>
                change(() => {
                    this.#take(click, outTradeNo, tendered);
                    pulseForCash();
                }),
            takePart: async (click: string, outTradeNo: string | null, part: number) => {
                const number = this.#part(click, outTradeNo, part);
                await change(pulseForCash);
                return number;
            },
            cashSale: async (sale: number): Promise<CashSaleView> => this.#cash(sale).view(),
            cashRefundable: async (sale: number): Promise<RefundableView> => this.#cash(sale).bounds(),
            cashRefund: async (
                sale: number,
                part: RefundPart,
                reason: string,
                click: string,
                shown: Shown | null,
            ) => {
                this.counter.staff.approve(shown);
                const number = this.#refund(sale, part, reason, click);
                await change(pulseForCash);
                return number;
            },
            giveCashBack: async (_click: string, outTradeNo: string) => {
                const payment = this.counter.find(outTradeNo);
                const amount = payment.cashFen;
                await change(() => {
                    payment.cashFen = 0;
                    if (this.open !== null) this.open.givenBack += amount;
                    pulseForCash();
                });
                return amount;
            },
            drawer: async (): Promise<DrawerView> => {
                const last = [...this.shifts].reverse().find((shift) => shift.end !== null);
                return {
                    open: this.open === null ? null : this.#view(this.open),
                    last: last === undefined ? null : this.#view(last),
                    inHandCount: 0,
                    inHandFen: '0',
                    denominations: DENOMINATIONS,
                };
            },
            openShift: async (float: number, shown: Shown | null) =>
                change(() => {
                    if (this.open !== null) refuse('shift_open');
                    const left = this.shifts.at(-1)?.end?.leftFen ?? null;
                    const apart = left === null ? 0 : Math.abs(float - Number(left));
                    if (apart > this.counter.staff.house.differenceLimitFen)
                        this.counter.staff.approve(shown);
                    this.shifts = [
                        ...this.shifts,
                        {
                            number: this.shifts.length + 1,
                            openedAt: new Date().toISOString(),
                            openedBy: this.counter.staff.view().atTill?.name ?? null,
                            float,
                            sales: 0,
                            salesCount: 0,
                            givenBack: 0,
                            refunds: 0,
                            moves: [],
                            end: null,
                        },
                    ];
                }),
            moveCash: async (click: string, direction: CashDirection, amountFen: number, reason: string) =>
                change(() => {
                    const shift = this.open ?? refuse('no_shift');
                    if (this.#clicks.has(click)) return;
                    this.#clicks.set(click, '');
                    const by = this.counter.staff.view().atTill?.name ?? null;
                    const at = new Date().toISOString();
                    shift.moves = [...shift.moves, { at, direction, amountFen, by, reason }];
                }),
            closeShift: async (closing: ClosingView, shown: Shown | null): Promise<ShiftView> => {
                const shift = this.open ?? refuse('no_shift');
                const counted = closing.count.reduce((sum, pile) => sum + pile.pieceFen * pile.pieces, 0);
                const over = counted - Number(this.#sums(shift).expectedFen);
                if (Math.abs(over) > this.counter.staff.house.differenceLimitFen)
                    this.counter.staff.approve(shown);
                await change(() => {
                    shift.end = {
                        at: new Date().toISOString(),
                        by: this.counter.staff.view().atTill?.name ?? null,
                        expectedFen: this.#sums(shift).expectedFen,
                        countedFen: String(counted),
                        difference:
                            over === 0
                                ? { is: 'agrees' }
                                : { is: over > 0 ? 'over' : 'short', fen: String(Math.abs(over)) },
                        leftFen: String(closing.leftFen),
                        takenFen: String(counted - closing.leftFen),
                        count: closing.count.filter((pile) => pile.pieces > 0),
                        approvedBy: shown?.by === 'manager' ? 'manager' : null,
                        note: closing.note,
                    };
                });
                return this.#view(shift);
            },
        };
    }
}
