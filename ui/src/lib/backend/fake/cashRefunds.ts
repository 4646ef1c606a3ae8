/** The cash of one of the invented till's sales, and what goes back of it out of the drawer. */
import type {
    CartLine,
    CashPartView,
    CashRefundView,
    CashSaleBrief,
    CashSaleView,
    CashTakenView,
    ErrorCode,
    RefundableView,
    RefundLineView,
    RefundPart,
} from '../backend';
import { Refusal } from '../backend';

function refuse(code: ErrorCode): never {
    throw new Refusal({ code, detail: '' });
}

export class FakeCash {
    /** Oldest first. */
    refunds: CashRefundView[] = [];

    constructor(
        readonly sale: number,
        readonly lines: CartLine[],
        readonly taken: CashTakenView[],
        /** Cash has paid all of it; otherwise an order brings the rest. */
        readonly whole: boolean,
    ) {}

    get keptFen(): number {
        return this.taken.reduce((sum, { amountFen }) => sum + amountFen, 0);
    }

    get refundedFen(): number {
        return this.refunds.reduce((sum, { amountFen }) => sum + amountFen, 0);
    }

    get paidAt(): string {
        return this.taken.at(-1)?.at ?? '';
    }

    part(): CashPartView {
        const { sale, keptFen, refundedFen, taken, refunds } = this;
        return { sale, keptFen, refundedFen, taken, refunds };
    }

    brief(): CashSaleBrief {
        return {
            sale: this.sale,
            totalFen: this.keptFen,
            refundedFen: this.refundedFen,
            paidAt: this.paidAt,
            first: this.lines[0]?.name ?? '',
            pieces: this.lines.reduce((sum, line) => sum + line.quantity, 0),
        };
    }

    view(): CashSaleView {
        return { totalFen: this.keptFen, paidAt: this.paidAt, lines: this.lines, cash: this.part() };
    }

    bounds(): RefundableView {
        const leftFen = this.keptFen - this.refundedFen;
        if (leftFen === 0) return { may: 'nothing', why: 'refund_nothing_left' };
        const back = this.refunds.flatMap((refund) => refund.lines);
        const lines = this.lines.map(({ line, priceFen, quantity }) => {
            const gone = back
                .filter((part) => part.line === line)
                .reduce((sum, part) => sum + part.pieces, 0);
            return { line, priceFen, pieces: quantity - gone, goods: quantity - gone };
        });
        return { may: 'refund', leftFen, lines, notBefore: null, partsLeft: null };
    }

    give(part: RefundPart, reason: string, by: string | null, shift: number | null): CashRefundView {
        const bounds = this.bounds();
        if (bounds.may === 'nothing') return refuse(bounds.why);
        const all = bounds.lines.map(({ line, pieces }) => ({ line, pieces })).filter((it) => it.pieces > 0);
        const lines: RefundLineView[] = part.part === 'lines' ? part.lines : part.part === 'whole' ? all : [];
        const sum = lines.reduce(
            (total, { line, pieces }) =>
                total + (bounds.lines.find((left) => left.line === line)?.priceFen ?? 0) * pieces,
            0,
        );
        const amountFen =
            part.part === 'whole' ? bounds.leftFen : part.part === 'amount' ? part.amountFen : sum;
        if (amountFen === 0) refuse('refund_of_nothing');
        if (amountFen > bounds.leftFen) refuse('refund_more_than_left');
        const refund = {
            number: `${this.sale}-R${this.refunds.length + 1}`,
            at: new Date().toISOString(),
            amountFen,
            lines,
            goodsBack: part.part !== 'amount' && part.goodsBack,
            reason,
            approvedBy: 'confirmed, no users',
            by,
            shift,
        };
        this.refunds = [...this.refunds, refund];
        return refund;
    }
}
