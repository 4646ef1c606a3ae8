/** One invented payment: what happened to it so far, and how the pages are told. */
import type {
    CartLine,
    EvidenceKind,
    FoundBy,
    PaidView,
    PayState,
    PaymentBrief,
    PaymentView,
    RefundView,
    ReviewReason,
    SignVerdict,
} from '../backend';
import type { FakeCash } from './cashRefunds';
import { drawQr } from './qr';
import { refundedFen } from './refunds';

const MINUTE = 60_000;

export class FakePayment {
    state: PayState = { state: 'placing' };
    doubts = 0;
    asking = false;
    paid: PaidView | null = null;
    lastCheck: PaymentView['lastCheck'] = null;
    evidence: PaymentView['evidence'] = [];
    /** Oldest first. */
    refunds: RefundView[] = [];
    /** Late or double, and a sale all the same. */
    adopted: ReviewReason | null = null;
    deadline: number;
    /** Taken in cash for the same sale. */
    cashFen: number;
    /** The part in cash, with what went back of it. */
    cash: FakeCash | null = null;
    readonly codeUrl: string;

    constructor(
        readonly outTradeNo: string,
        readonly lines: CartLine[],
        readonly placedAt: number,
        /** Taken in cash before the order was placed: it asks for the rest. */
        readonly cashBefore = 0,
    ) {
        this.cashFen = cashBefore;
        this.deadline = placedAt + 30 * MINUTE;
        this.codeUrl = `weixin://wxpay/bizpayurl?pr=${outTradeNo.slice(-4)}zzTk1Gq8`;
    }

    get saleTotalFen(): number {
        return this.lines.reduce((sum, line) => sum + line.sumFen, 0);
    }

    get totalFen(): number {
        return this.saleTotalFen - this.cashBefore;
    }

    get cashInHandFen(): number {
        const settled = this.state.state === 'paid' || this.cashFen === this.saleTotalFen;
        return settled ? 0 : this.cashFen;
    }

    get live(): boolean {
        return !['paid', 'closed', 'refused', 'review', 'given_back'].includes(this.state.state);
    }

    note(
        at: number,
        kind: EvidenceKind,
        outcome: string,
        sign: SignVerdict,
        bodies?: [string | null, string | null],
    ) {
        const last = this.evidence.at(-1);
        const when = new Date(at).toISOString();
        if (last !== undefined && last.kind === kind && last.outcome === outcome && kind !== 'cashier') {
            this.evidence = [...this.evidence.slice(0, -1), { ...last, lastAt: when, count: last.count + 1 }];
            return;
        }
        const [request = null, answer = null] = bodies ?? [];
        this.evidence = [
            ...this.evidence,
            { firstAt: when, lastAt: when, count: 1, kind, outcome, sign, request, answer },
        ];
    }

    placed(at: number) {
        this.note(at, 'unifiedorder', 'SUCCESS', 'right', [
            this.#xml({ total_fee: this.totalFen, trade_type: 'NATIVE' }),
            this.#xml({ return_code: 'SUCCESS', result_code: 'SUCCESS', code_url: this.codeUrl }),
        ]);
        this.state = { state: 'awaiting_scan' };
    }

    asked(at: number, tradeState: string) {
        this.note(at, 'orderquery', tradeState, 'right', [
            this.#xml({}),
            this.#xml({ return_code: 'SUCCESS', result_code: 'SUCCESS', trade_state: tradeState }),
        ]);
        this.doubts = 0;
        this.lastCheck = {
            at: new Date(at).toISOString(),
            tradeState,
            count: (this.lastCheck?.count ?? 0) + 1,
        };
    }

    doubted(at: number) {
        this.doubts += 1;
        this.note(at, 'orderquery', 'timeout', 'none', [this.#xml({}), null]);
    }

    pay(at: number, foundBy: FoundBy) {
        if (foundBy === 'query') this.asked(at, 'SUCCESS');
        else
            this.note(at, 'notify', 'SUCCESS', 'right', [
                null,
                this.#xml({ return_code: 'SUCCESS', total_fee: this.totalFen, transaction_id: '4200001234' }),
            ]);
        this.paid = {
            transactionId: `420000${String(at)}7407409907`.slice(0, 28),
            timeEnd: new Date(at - 800).toISOString(),
            cashFen: this.totalFen,
            couponFen: 0,
            foundBy,
        };
        this.state = { state: 'paid' };
    }

    view(): PaymentView {
        const { state } = this;
        const mayShow = state.state === 'awaiting_scan' || state.state === 'user_paying';
        return {
            outTradeNo: this.outTradeNo,
            totalFen: this.totalFen,
            ...state,
            qr: mayShow ? drawQr(this.codeUrl) : null,
            placedAt: new Date(this.placedAt).toISOString(),
            deadline: new Date(this.deadline).toISOString(),
            lastCheck: this.lastCheck,
            doubts: this.doubts,
            asking: this.asking,
            refunds: this.refunds,
            refundedFen: refundedFen(this.refunds),
            adopted: this.adopted,
            paid: this.paid,
            money: this.#money(),
            lines: this.lines,
            evidence: this.evidence,
            canPayAgain:
                this.cashFen < this.saleTotalFen &&
                (state.state === 'closing' || state.state === 'closed' || state.state === 'refused'),
            saleTotalFen: this.saleTotalFen,
            cashFen: this.cashFen,
            cashInHandFen: this.cashInHandFen,
            cashPart: state.state === 'paid' ? (this.cash?.part() ?? null) : null,
            canTakeCash:
                state.state !== 'paid' && state.state !== 'review' && this.cashFen < this.saleTotalFen,
            canGiveCashBack: this.cashInHandFen > 0 && !mayShow && state.state !== 'placing',
            canCancel: this.live && state.state !== 'closing',
        };
    }

    brief(): PaymentBrief {
        return {
            outTradeNo: this.outTradeNo,
            totalFen: this.totalFen,
            ...this.state,
            placedAt: new Date(this.placedAt).toISOString(),
            deadline: new Date(this.deadline).toISOString(),
            doubts: this.doubts,
            paidAt: this.paid?.timeEnd ?? null,
            first: this.lines[0]?.name ?? '',
            pieces: this.lines.reduce((sum, line) => sum + line.quantity, 0),
            cashInHandFen: this.cashInHandFen,
        };
    }

    #money(): PaymentView['money'] {
        switch (this.state.state) {
            case 'paid':
            case 'review':
            case 'given_back':
                return 'taken';
            case 'closed':
            case 'refused':
                return 'not_taken';
            case 'awaiting_scan':
                return this.doubts >= 3 ? 'unknown' : 'not_taken';
            case 'placing':
            case 'placing_unknown':
            case 'user_paying':
            case 'closing':
                return 'unknown';
        }
    }

    #xml(fields: Record<string, string | number>): string {
        const all = {
            appid: 'wx2421b1c4370ec43b',
            mch_id: '10000100',
            out_trade_no: this.outTradeNo,
            ...fields,
        };
        const rows = Object.entries(all).map(([name, value]) => `  <${name}>${value}</${name}>`);
        return ['<xml>', ...rows, '  <sign>C380BEC2BFD727A4B6845133519F3AD6</sign>', '</xml>'].join('\n');
    }
}
