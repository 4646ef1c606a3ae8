/** The invented till's X and Z: added up over an invented past, and over what happened since the last Z. */
import type {
    CarriedView,
    CashMoveView,
    ExceptionView,
    ExportFormat,
    ExportProgress,
    HeldCart,
    PrintedView,
    ProviderView,
    ReportView,
    ShiftView,
    TallyView,
    ZBriefView,
    ZsAsideView,
} from '../backend';
import { Refusal } from '../backend';
import { dayOf, pastCash, pastDay, type PastCash } from './history';
import type { FakePayment } from './payment';
import type { FakeProduct } from './products';

const DAY = 86_400_000;
const ZONE = 8 * 3_600_000;
/** How many Zs the shop made before today. */
const BEFORE = 146;
/** Taken over from the years before the invented past. */
const SOLD_BEFORE = { count: 41_872, fen: 112_043_350 };

/** What X and Z need of the till around them. */
export interface Books {
    payments: () => FakePayment[];
    products: () => FakeProduct[];
    shifts: () => ShiftView[];
    /** Cash sales rung up in this window. */
    cash: () => PastCash[];
    cashBack: () => PastCash[];
    held: () => Pick<HeldCart, 'id'>[];
    by: () => string;
    shop: string;
}

interface Stretch {
    number: number | null;
    day: string;
    from: number;
    to: number;
    payments: FakePayment[];
    cash: PastCash[];
    cashBack: PastCash[];
    shifts: ShiftView[];
    carried: CarriedView[];
    held: number;
    by: string;
    note: string;
    exceptions: ExceptionView[];
    voided: Voided;
}

/** What was taken out of carts, in fen. */
interface Voided {
    lines: number[];
    pieces: number[];
}

type Change = (act: () => void) => Promise<null>;

function refuse(code: Refusal['code'], detail = ''): never {
    throw new Refusal({ code, detail });
}

function tally(amounts: number[]): TallyView {
    return { count: amounts.length, sumFen: String(amounts.reduce((sum, fen) => sum + fen, 0)) };
}

const both = (...parts: TallyView[]): TallyView => ({
    count: parts.reduce((sum, part) => sum + part.count, 0),
    sumFen: String(parts.reduce((sum, part) => sum + Number(part.sumFen), 0)),
});
const less = (one: TallyView, other: TallyView) => String(Number(one.sumFen) - Number(other.sumFen));

/** Looks like a digest and is always the same for the same number. */
function digest(number: number): string {
    let state = number * 2_654_435_761;
    return Array.from({ length: 64 }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return (state >>> 28).toString(16);
    }).join('');
}

export class FakeReports {
    /** There is a printer. */
    hasPrinter = true;
    /** A drawer hangs on it. */
    hasDrawer = true;
    /** How often the printer was told to open it. */
    pulses = 0;
    /** What the printer does next. */
    printer: PrintedView = { outcome: 'printed', why: '' };
    /** How long writing a file or printing takes, milliseconds. */
    takes = 350;
    /** WeChat's bill of the Z's day. */
    bill: 'here' | 'waiting' | 'differs' | 'by_hand' = 'here';
    /** Zs since the last one that lie in a ledger set aside. */
    aside: ZsAsideView[] = [];
    /** A drawer is yet to be counted blind: what is made and handed out meanwhile is not the whole. */
    blind = false;
    /** A shop that has never closed a day. */
    young = false;
    /** So many rows are told of while a file is written. */
    rows = 0;
    /** What was out of the ordinary since the last Z. */
    #exceptions = new Map<string, number>();
    #voided: Voided = { lines: [], pieces: [] };
    readonly #written = new Set<(progress: ExportProgress) => void>();
    readonly #printed = new Set<number>();
    readonly #made: ReportView[] = [];
    readonly #clicks = new Map<string, number>();
    readonly #today = dayOf(Date.now());
    #since: number | null = null;

    constructor(readonly books: Books) {}

    get #last(): number {
        return this.#made.at(-1)?.number ?? (this.young ? 0 : BEFORE);
    }

    /** The number that closing the day would give. */
    get #next(): number {
        return (this.aside.at(-1)?.last ?? this.#last) + 1;
    }

    /** Something was taken out of a cart: the whole line, or some of its pieces. */
    void(fen: number, whole: boolean): void {
        (whole ? this.#voided.lines : this.#voided.pieces).push(fen);
    }

    outOfOrdinary(what: string): void {
        this.#exceptions.set(what, (this.#exceptions.get(what) ?? 0) + 1);
    }

    #began(): number {
        return this.#since ?? Date.parse(`${this.#today}T08:02:00+08:00`) - (this.young ? 0 : 10 * 3_600_000);
    }

    x(number: number | null = null, note = ''): ReportView {
        const from = this.#began();
        const to = Date.now();
        const past = this.#since === null ? pastCash(dayOf(to), to, this.books.products()) : [];
        const payments = this.books.payments();
        const open = payments.filter((one) => one.live || one.state.state === 'review');
        const carried = open.map((one): CarriedView => ({
            number: one.outTradeNo,
            what: one.state.state === 'review' ? 'review' : 'payment',
            amountFen: String(one.totalFen),
            since: new Date(one.placedAt).toISOString(),
        }));
        const refunds = payments.flatMap((one) => one.refunds);
        const pending = refunds.filter(({ state }) => ['waiting', 'sending', 'needs_person'].includes(state));
        return this.#report({
            number,
            day: dayOf(to),
            from,
            to,
            // What was paid, or closed, since the last Z.
            payments: payments.filter(
                (one) => (one.paid ? Date.parse(one.paid.timeEnd) : one.placedAt) > from,
            ),
            cash: [...past, ...this.books.cash()].filter(({ at }) => at > from),
            cashBack: this.books.cashBack().filter(({ at }) => at > from),
            shifts: this.books.shifts().filter(({ end }) => end === null || Date.parse(end.at) > from),
            carried: [
                ...carried,
                ...pending.map((refund): CarriedView => ({
                    number: refund.outRefundNo,
                    what: refund.state === 'needs_person' ? 'refund_by_hand' : 'refund',
                    amountFen: String(refund.refundFen),
                    since: refund.wishedAt,
                })),
            ],
            held: this.books.held().length,
            by: this.books.by(),
            note,
            voided: this.#voided,
            exceptions: [...this.#exceptions].map(([what, count]) => ({ what, count })),
        });
    }

    z(number: number): ReportView {
        return {
            ...this.#z(number),
            blind: this.blind && number > BEFORE,
            printed: number <= BEFORE || this.#printed.has(number),
        };
    }

    onProgress(seen: (progress: ExportProgress) => void): () => void {
        this.#written.add(seen);
        return () => void this.#written.delete(seen);
    }

    #z(number: number): ReportView {
        const made = this.#made.find((one) => one.number === number);
        if (made !== undefined) {
            const after = this.#made[this.#made.indexOf(made) + 1];
            return { ...made, next: after?.number ?? null };
        }
        if (number < 1 || this.young || number > BEFORE) refuse('no_such_z', String(number));
        const at = Date.parse(`${this.#today}T12:00:00Z`) - (BEFORE + 1 - number) * DAY;
        const day = dayOf(at);
        const to = Date.parse(`${day}T22:04:00+08:00`);
        const cash = pastCash(day, to, this.books.products());
        const sales = cash.reduce((sum, sale) => sum + sale.fen, 0);
        const opened = new Date(Date.parse(`${day}T08:02:00+08:00`)).toISOString();
        const moves: CashMoveView[] = [
            {
                at: new Date(to - 6 * 3_600_000).toISOString(),
                direction: 'out',
                amountFen: 3_600,
                reason: '买垃圾袋',
                by: '王伟',
            },
        ];
        const expected = 20_000 + sales - 3_600;
        const short = number % 9 === 5 ? 250 : 0;
        return this.#report({
            number,
            day,
            from: to - DAY,
            to,
            payments: pastDay(day, to, this.books.products()),
            cash,
            cashBack: [],
            shifts: [
                {
                    number,
                    openedAt: opened,
                    openedBy: '王伟',
                    floatFen: '20000',
                    sums: null,
                    moves,
                    end: {
                        at: new Date(to - 240_000).toISOString(),
                        by: '王伟',
                        expectedFen: String(expected),
                        countedFen: String(expected - short),
                        difference: short === 0 ? { is: 'agrees' } : { is: 'short', fen: String(short) },
                        leftFen: '20000',
                        takenFen: String(expected - short - 20_000),
                        count: [],
                        approvedBy: null,
                        note: '',
                    },
                },
            ],
            carried: [],
            held: 0,
            by: '李娜',
            note: '',
            voided: { lines: number % 2 === 0 ? [450, 200] : [], pieces: number % 4 === 0 ? [350] : [] },
            exceptions: number % 3 === 0 ? [{ what: 'approved', count: 2 }] : [],
        });
    }

    #report(it: Stretch): ReportView {
        const paid = it.payments.filter(({ state }) => state.state === 'paid');
        const closed = (wanted: (why: string) => boolean) =>
            tally(
                it.payments.flatMap(({ state, totalFen }) =>
                    state.state === 'closed' && wanted(state.why) ? [totalFen] : [],
                ),
            );
        const refunds = it.payments.flatMap((one) => one.refunds);
        const refunded = tally(
            refunds
                .filter(({ state }) => ['processing', 'refunded', 'needs_person', 'settled'].includes(state))
                .map(({ refundFen }) => refundFen),
        );
        const late = paid.filter((one) => one.adopted !== null);
        const wechat = {
            paid: tally(paid.filter((one) => one.adopted === null).map((one) => one.totalFen)),
            late: tally(late.map((one) => one.totalFen)),
            surplus: tally(
                it.payments
                    .filter(({ state }) => state.state === 'given_back')
                    .map(({ totalFen }) => totalFen),
            ),
        };
        const cash = tally(it.cash.map(({ fen }) => fen));
        const cashBack = tally(it.cashBack.map(({ fen }) => fen));
        const taken = both(wechat.paid, wechat.late, wechat.surplus);
        const sold = both(wechat.paid, wechat.late, cash);
        const notSold = {
            atDeadline: closed((why) => why === 'deadline'),
            byCancel: closed((why) => why === 'cancelled'),
            otherwise: closed((why) => why !== 'deadline' && why !== 'cancelled'),
            refused: tally(
                it.payments.filter(({ state }) => state.state === 'refused').map(({ totalFen }) => totalFen),
            ),
        };
        const net = String(Number(less(taken, refunded)) + Number(less(cash, cashBack)));
        const hour = (at: number) => new Date(at + ZONE).getUTCHours();
        const lines = [...paid.flatMap((one) => one.lines), ...it.cash.flatMap((one) => one.lines)];
        const discounts = tally(
            lines.flatMap(({ reduction }) => (reduction === null ? [] : [reduction.offFen])),
        );
        const categoryOf = new Map(this.books.products().map(({ name, category }) => [name, category]));
        const best = (name: (line: (typeof lines)[number]) => string) => {
            const found = new Map<string, { pieces: number; fen: number }>();
            for (const line of lines) {
                const known = found.get(name(line)) ?? { pieces: 0, fen: 0 };
                known.pieces += line.quantity;
                known.fen += line.sumFen;
                found.set(name(line), known);
            }
            const rows = [...found].sort(([, one], [, other]) => other.fen - one.fen);
            return {
                kinds: rows.length,
                pieces: rows.reduce((sum, [, { pieces }]) => sum + pieces, 0),
                best: rows
                    .slice(0, 50)
                    .map(([name, { pieces, fen }]) => ({ name, pieces, sumFen: String(fen) })),
            };
        };
        const moves = it.shifts.flatMap((shift) => shift.moves);
        const moved = (direction: 'in' | 'out') =>
            tally(
                moves
                    .filter((move) => move.direction === direction)
                    .map(({ amountFen }) => Number(amountFen)),
            );
        const counted = it.shifts.flatMap(({ end }) => (end === null ? [] : [end]));
        const over = counted.reduce((sum, end) => sum + Number(end.countedFen) - Number(end.expectedFen), 0);
        const number = it.number ?? this.#next;
        const isNew = number > this.#last;
        const previous = isNew ? this.#last : number - 1;
        const weekDay = dayOf(Date.parse(`${it.day}T04:00:00Z`) - 7 * DAY);
        const week = this.young ? [] : pastDay(weekDay, it.to, this.books.products());
        const weekSold = both(
            tally(week.filter(({ state }) => state.state === 'paid').map(({ totalFen }) => totalFen)),
            tally(pastCash(weekDay, it.to, this.books.products()).map(({ fen }) => fen)),
        );
        const row = 61 * number;
        return {
            number: it.number,
            shop: this.books.shop,
            legalId: '91310104MA1FR3L47X',
            till: 'T01',
            version: '0.1.0',
            day: it.day,
            from: new Date(it.from).toISOString(),
            to: new Date(it.to).toISOString(),
            by: it.by,
            note: it.note,
            blind: this.blind,
            grossFen: String(Number(sold.sumFen) + Number(discounts.sumFen)),
            discounts,
            sold,
            refunded: both(refunded, cashBack),
            netFen: net,
            ofEarlierDays: tally([]),
            wechat: {
                ...wechat,
                refunded,
                byHand: tally(
                    refunds
                        .filter(({ state }) => state === 'needs_person' || state === 'settled')
                        .map(({ refundFen }) => refundFen),
                ),
                refundsClosed: tally(
                    refunds
                        .filter(({ state }) => state === 'closed' || state === 'closed_seen')
                        .map(({ refundFen }) => refundFen),
                ),
                unsettled: tally(
                    it.carried
                        .filter(({ what }) => what === 'payment')
                        .map(({ amountFen }) => Number(amountFen)),
                ),
                netFen: less(taken, refunded),
            },
            cash: { sales: cash, parts: tally([]), refunded: cashBack, netFen: less(cash, cashBack) },
            notSold: {
                all: both(notSold.atDeadline, notSold.byCancel, notSold.otherwise, notSold.refused),
                ...notSold,
                voidedLines: tally(it.voided.lines),
                voidedPieces: tally(it.voided.pieces),
            },
            hours: Array.from({ length: 24 }, (_, at) => ({
                hour: at,
                ...both(
                    tally(paid.filter((one) => hour(one.placedAt) === at).map(({ totalFen }) => totalFen)),
                    tally(it.cash.filter((one) => hour(one.at) === at).map(({ fen }) => fen)),
                ),
            })),
            items: best((line) => line.name),
            categories: best((line) => categoryOf.get(line.name) ?? ''),
            returned: { kinds: 0, pieces: 0, best: [] },
            givenUp: it.payments.flatMap(({ outTradeNo, refunds: ofOrder }) =>
                ofOrder
                    .filter(({ state }) => state === 'closed' || state === 'closed_seen')
                    .map(({ outRefundNo, refundFen, goods, lines: back }) => ({
                        outTradeNo,
                        outRefundNo,
                        amountFen: String(refundFen),
                        piecesBack: goods === 'back' ? back.reduce((sum, line) => sum + line.pieces, 0) : 0,
                    })),
            ),
            drawer: {
                taken: cash,
                givenBack: tally([]),
                paidIn: moved('in'),
                paidOut: moved('out'),
                moves: moves.map(({ at, direction, amountFen, reason, by }) => ({
                    at,
                    direction,
                    amountFen: String(amountFen),
                    reason,
                    by: by ?? '',
                })),
                shifts: it.shifts.map(({ number, openedAt, openedBy, floatFen, sums, end }) => ({
                    number,
                    openedAt,
                    closedAt: end?.at ?? null,
                    by: end?.by ?? '',
                    floatFen,
                    expectedFen: end?.expectedFen ?? sums?.expectedFen ?? null,
                    countedFen: end?.countedFen ?? null,
                    leftFen: end?.leftFen ?? null,
                    takenFen: end?.takenFen ?? null,
                    note: end?.note ?? '',
                    openedBy: openedBy ?? '',
                    floatDifference: null,
                    count: end?.count ?? [],
                    approvedBy: end?.approvedBy ?? null,
                })),
                difference:
                    counted.length === 0
                        ? null
                        : over === 0
                          ? { is: 'agrees' }
                          : { is: over > 0 ? 'over' : 'short', fen: String(Math.abs(over)) },
                inHand: tally([]),
            },
            carried: it.carried,
            heldCarts: it.held,
            exceptions: it.exceptions,
            totals: {
                sold: {
                    count: SOLD_BEFORE.count + sold.count,
                    sumFen: String(SOLD_BEFORE.fen + Number(sold.sumFen)),
                },
                refunded: { count: 311 + refunded.count, sumFen: String(702_180 + Number(refunded.sumFen)) },
                netFen: String(SOLD_BEFORE.fen - 702_180 + Number(net)),
            },
            printed: false,
            seal:
                it.number === null
                    ? null
                    : {
                          digest: digest(number),
                          firstRow: String(row - 60),
                          lastRow: String(row),
                          journalDigest: digest(number + 9_000),
                      },
            previous: previous < 1 ? null : { number: previous, digest: digest(previous) },
            next:
                it.number === null
                    ? number
                    : isNew
                      ? null
                      : number < BEFORE
                        ? number + 1
                        : (this.#made[0]?.number ?? null),
            aside: isNew ? this.aside : [],
            weekBefore:
                weekSold.count === 0 ? null : { day: weekDay, sold: weekSold, netFen: weekSold.sumFen },
        };
    }

    #provider(z: ReportView): ProviderView {
        const none = tally([]);
        if (this.bill === 'waiting' || z.day === this.#today)
            return {
                waiting: [z.day],
                paid: none,
                refunded: none,
                fee: '0.00000',
                notArrived: none,
                feesInDoubt: [],
                takenBack: none,
                missing: 0,
                unbooked: [],
                differenceFen: '0',
                unexplainedFen: '0',
                signed: false,
                byHand: [],
            };
        const taken = both(z.wechat.paid, z.wechat.late);
        const missing = this.bill === 'differs' ? 1 : 0;
        const notArrived = tally(this.bill === 'by_hand' ? [450] : []);
        const unexplainedFen = missing === 1 ? '-1580' : '0';
        return {
            waiting: [],
            paid: taken,
            refunded: z.wechat.refunded,
            fee: (Number(taken.sumFen) * 0.00006).toFixed(5),
            notArrived,
            feesInDoubt:
                missing === 0
                    ? []
                    : [
                          {
                              number: 'T01-261122-000233-M4TA',
                              refund: false,
                              cause: { cause: 'rate_unreadable', said: '优惠', charged: '0.18000' },
                          },
                      ],
            takenBack: none,
            missing,
            unbooked: [],
            differenceFen: String(Number(unexplainedFen) + Number(notArrived.sumFen)),
            unexplainedFen,
            signed: missing === 0,
            byHand: [],
        };
    }

    commands(change: Change) {
        const known = (number: number | null) => (number === null ? this.x() : this.z(number));
        const wait = () => new Promise((done) => setTimeout(done, this.takes));
        return {
            xReport: () => Promise.resolve(this.x()),
            zReport: async (number: number) => this.z(number),
            zReports: async (before: number | null): Promise<ZBriefView[]> => {
                const newest = before === null ? this.#last : before - 1;
                const lost = (number: number) =>
                    this.#made.some(({ aside }) =>
                        aside.some(({ first, last }) => first <= number && number <= last),
                    );
                const numbers = Array.from(
                    { length: Math.max(0, Math.min(60, newest)) },
                    (_, i) => newest - i,
                ).filter((number) => !lost(number));
                return numbers.map((number) => {
                    const { day, to, netFen, sold, carried } = this.z(number);
                    return { number, day, closedAt: to, netFen, sold, unsettled: carried.length };
                });
            },
            zProvider: async (number: number) => this.#provider(this.z(number)),
            closeDay: async (click: string, note: string): Promise<ReportView> => {
                const made = this.#clicks.get(click);
                if (made !== undefined) return this.z(made);
                if ([...note].length > 60) refuse('words_too_long');
                const z = this.x(this.#next, note.trim());
                await change(() => {
                    this.#made.push(z);
                    this.#clicks.set(click, this.#last);
                    this.#since = Date.now();
                    this.#exceptions.clear();
                    this.aside = [];
                    this.#voided = { lines: [], pieces: [] };
                });
                return z;
            },
            exportReport: async (number: number | null, format: ExportFormat) => {
                const { day } = known(number);
                for (let done = 0; done < this.rows; done += 1_000) {
                    for (const seen of this.#written) seen({ done, of: this.rows });
                    await wait();
                }
                await wait();
                const name = number === null ? `X-${day}` : `Z-${String(number).padStart(4, '0')}`;
                if (number !== null && format.startsWith('pdf') && !this.blind) this.#printed.add(number);
                const ending = { xlsx: '.xlsx', csv: '.csv', pdf_a4: '.pdf', pdf_80: '-80mm.pdf' }[format];
                return { path: `/home/shop/.local/share/org.scantill.till/shop/reports/${name}${ending}` };
            },
            printReport: async (number: number | null) => {
                known(number);
                if (!this.hasPrinter) refuse('no_printer');
                await wait();
                if (number !== null && this.printer.outcome !== 'not_sent' && !this.blind)
                    this.#printed.add(number);
                return this.printer;
            },
        };
    }
}
