/** The invented till's refunds: WeChat takes each after a moment, and it arrives a little later. */
import type {
    ErrorCode,
    LineLeftView,
    RefundBrief,
    RefundPart,
    RefundState,
    RefundView,
    RefundableView,
    Shown,
} from '../backend';
import { Refusal } from '../backend';
import type { FakePayment } from './payment';

type Change = (act: () => void) => Promise<null>;

/** What the refunds need of the till around them. */
export interface Orders {
    all: () => FakePayment[];
    find: (outTradeNo: string) => FakePayment;
    approve: (shown: Shown | null) => void;
    /** The goods of a payment that is a sale after all leave the shelf. */
    adopt: (payment: FakePayment) => void;
    push: () => void;
}

function refuse(code: ErrorCode, detail = ''): never {
    throw new Refusal({ code, detail });
}

const NOTHING_CAME_OF_IT = ['closed', 'closed_seen', 'refused', 'withdrawn'];

export function refundedFen(refunds: RefundView[]): number {
    const counted = refunds.filter(({ state }) => !NOTHING_CAME_OF_IT.includes(state));
    return counted.reduce((sum, refund) => sum + refund.refundFen, 0);
}

export class FakeRefunds {
    /** How long WeChat takes for the first answer and for the money, milliseconds. */
    pace = 900;
    /** What WeChat makes of the next refund. */
    fate: RefundState = { state: 'refunded', at: new Date().toISOString(), receivedBy: null };
    readonly #clicks = new Map<string, string>();

    constructor(readonly orders: Orders) {}

    briefs(): RefundBrief[] {
        const all = this.orders.all().flatMap((payment) =>
            payment.refunds.map((refund): RefundBrief => {
                const { outRefundNo, refundFen, wishedAt, canSettle, canTryAgain } = refund;
                const needsPerson = canSettle || canTryAgain;
                const { outTradeNo } = payment;
                return { ...refund, outTradeNo, outRefundNo, refundFen, wishedAt, needsPerson };
            }),
        );
        const open = all.filter(
            (refund) => refund.needsPerson || ['waiting', 'sending', 'processing'].includes(refund.state),
        );
        return [...open.filter((one) => one.needsPerson), ...open.filter((one) => !one.needsPerson)];
    }

    #lines(payment: FakePayment): LineLeftView[] {
        return payment.lines.map(({ line, priceFen, quantity }) => {
            const back = payment.refunds
                .filter(({ state }) => !NOTHING_CAME_OF_IT.includes(state))
                .flatMap((refund) => refund.lines)
                .filter((part) => part.line === line)
                .reduce((sum, part) => sum + part.pieces, 0);
            return { line, priceFen, pieces: quantity - back, goods: quantity - back };
        });
    }

    bounds(payment: FakePayment): RefundableView {
        const nothing = (why: ErrorCode): RefundableView => ({ may: 'nothing', why });
        if (payment.state.state !== 'paid') return nothing('refund_not_paid');
        if (payment.refunds.some(({ state }) => state === 'sending')) return nothing('refund_under_way');
        const leftFen = payment.totalFen - refundedFen(payment.refunds);
        if (leftFen === 0) return nothing('refund_nothing_left');
        const last = payment.refunds.at(-1)?.sentAt ?? null;
        const next = last === null ? 0 : Date.parse(last) + 60_000;
        return {
            may: 'refund',
            leftFen,
            lines: this.#lines(payment),
            notBefore: next > Date.now() ? new Date(next).toISOString() : null,
            partsLeft: 50 - payment.refunds.length,
        };
    }

    #give(payment: FakePayment, part: RefundPart, reason: string, click: string): string {
        const known = this.#clicks.get(click);
        if (known !== undefined) return known;
        const bounds = this.bounds(payment);
        if (bounds.may === 'nothing') refuse(bounds.why);
        const lines =
            part.part === 'lines'
                ? part.lines
                : part.part === 'whole'
                  ? bounds.lines.map(({ line, pieces }) => ({ line, pieces }))
                  : [];
        const sum = lines.reduce((total, { line, pieces }) => {
            const price = bounds.lines.find((left) => left.line === line)?.priceFen ?? 0;
            return total + price * pieces;
        }, 0);
        const fen = part.part === 'whole' ? bounds.leftFen : part.part === 'amount' ? part.amountFen : sum;
        if (fen === 0) refuse('refund_of_nothing');
        if (fen > bounds.leftFen) refuse('refund_more_than_left');
        const goods = part.part !== 'amount' && part.goodsBack ? 'wanted' : 'stay';
        const number = this.#begin(payment, { refundFen: fen, lines, goods, reason });
        this.#clicks.set(click, number);
        return number;
    }

    #begin(payment: FakePayment, wish: Pick<RefundView, 'refundFen' | 'lines' | 'goods' | 'reason'>): string {
        const at = new Date().toISOString();
        const outRefundNo = `${payment.outTradeNo}-R${payment.refunds.length + 1}`;
        const refund: RefundView = {
            state: 'sending',
            outRefundNo,
            refundId: null,
            ...wish,
            wishedAt: at,
            sentAt: at,
            approvedBy: 'confirmed, no users',
            doubts: 0,
            asking: true,
            canTryAgain: false,
            canWithdraw: false,
            canSettle: false,
            evidence: [],
        };
        payment.refunds = [...payment.refunds, refund];
        setTimeout(() => this.become(outRefundNo, { state: 'processing' }), this.pace);
        setTimeout(() => this.become(outRefundNo, this.fate), this.pace * 3);
        return outRefundNo;
    }

    /** Puts a refund into a state, as if WeChat had said so. */
    become(outRefundNo: string, state: RefundState): void {
        for (const payment of this.orders.all()) {
            payment.refunds = payment.refunds.map((refund) =>
                refund.outRefundNo === outRefundNo ? told(refund, state) : refund,
            );
        }
        this.orders.push();
    }

    commands(change: Change) {
        const { find, approve, adopt } = this.orders;
        const settled = (refund: RefundView, text: string): RefundState => {
            const note = { text, by: 'confirmed, no users', at: new Date().toISOString() };
            return refund.state === 'needs_person'
                ? { state: 'settled', why: refund.why, note }
                : { state: 'closed_seen', note };
        };
        const one = (outRefundNo: string) =>
            this.orders
                .all()
                .flatMap((payment) => payment.refunds)
                .find((refund) => refund.outRefundNo === outRefundNo) ?? refuse('no_such_order');
        const decided = (outTradeNo: string) => {
            const payment = find(outTradeNo);
            if (payment.state.state !== 'review') return refuse('not_now');
            return { payment, why: payment.state.why };
        };
        return {
            refundable: (outTradeNo: string) => Promise.resolve(this.bounds(find(outTradeNo))),
            refund: async (
                outTradeNo: string,
                part: RefundPart,
                reason: string,
                click: string,
                shown: Shown | null,
            ) => {
                approve(shown);
                const number = this.#give(find(outTradeNo), part, reason, click);
                this.orders.push();
                return number;
            },
            refundAgain: async (outRefundNo: string, shown: Shown | null) =>
                change(() => {
                    approve(shown);
                    one(outRefundNo);
                    this.become(outRefundNo, { state: 'sending' });
                    setTimeout(() => this.become(outRefundNo, this.fate), this.pace);
                }),
            refundWithdraw: async (outRefundNo: string, shown: Shown | null) =>
                change(() => {
                    approve(shown);
                    this.become(outRefundNo, { state: 'withdrawn' });
                }),
            refundSettle: async (outRefundNo: string, note: string, shown: Shown | null) =>
                change(() => {
                    approve(shown);
                    this.become(outRefundNo, settled(one(outRefundNo), note));
                }),
            refundCheck: async () => change(() => {}),
            adopt: async (outTradeNo: string, shown: Shown | null) =>
                change(() => {
                    const { payment, why } = decided(outTradeNo);
                    approve(shown);
                    payment.adopted = why;
                    payment.state = { state: 'paid' };
                    adopt(payment);
                }),
            deny: async (outTradeNo: string, shown: Shown | null) =>
                change(() => {
                    const { payment, why } = decided(outTradeNo);
                    if (why !== 'not_confirmed') return refuse('not_now');
                    approve(shown);
                    payment.state = { state: 'closing', why: 'cancelled' };
                }),
            refundReview: async (
                outTradeNo: string,
                goodsBack: boolean,
                reason: string,
                _click: string,
                shown: Shown | null,
            ) => {
                const { payment, why } = decided(outTradeNo);
                approve(shown);
                payment.state = { state: 'given_back', why };
                const number = this.#begin(payment, {
                    refundFen: payment.totalFen,
                    lines: [],
                    goods: goodsBack ? 'wanted' : 'stay',
                    reason,
                });
                this.orders.push();
                return number;
            },
        };
    }
}

function told(refund: RefundView, state: RefundState): RefundView {
    const { state: name } = state;
    const went = name === 'refunded' || name === 'processing' || name === 'needs_person' || name === 'closed';
    return {
        ...refund,
        ...state,
        asking: name === 'sending',
        refundId: went ? '50000000382019052709732678859' : refund.refundId,
        goods: refund.goods === 'wanted' && went ? 'back' : refund.goods,
        canTryAgain: name === 'refused',
        canWithdraw: name === 'refused',
        canSettle: name === 'needs_person' || name === 'closed',
        evidence:
            name === 'processing'
                ? [
                      ...refund.evidence,
                      {
                          firstAt: refund.wishedAt,
                          lastAt: refund.wishedAt,
                          count: 1,
                          kind: 'refund',
                          outcome: 'SUCCESS',
                          sign: 'right',
                          request: null,
                          answer: null,
                      },
                  ]
                : refund.evidence,
    };
}
