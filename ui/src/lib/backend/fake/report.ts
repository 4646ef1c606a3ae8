/** The invented till's day figures. */
import type { CountAndSum, DayView, Locale, PayState, RefundView } from '../backend';
import { yuan } from '../../money';
import type { FakePayment } from './payment';

function sum(payments: FakePayment[]): CountAndSum {
    const fen = payments.reduce((total, payment) => total + payment.totalFen, 0);
    return { count: payments.length, sumFen: String(fen) };
}

export function dayView(day: string, payments: FakePayment[], locale: Locale, shop: string): DayView {
    const of = (wanted: (state: PayState) => boolean) =>
        sum(payments.filter((payment) => wanted(payment.state)));
    const paid = payments.filter((payment) => payment.state.state === 'paid');
    const refunds = payments.flatMap((payment) => payment.refunds);
    const sumOfRefunds = (wanted: RefundView['state'][]) => {
        const found = refunds.filter(({ state }) => wanted.includes(state));
        const fen = found.reduce((total, refund) => total + refund.refundFen, 0);
        return { count: found.length, sumFen: String(fen) };
    };
    const none = { count: 0, sumFen: '0' };
    const figures = {
        paid: sum(paid),
        wechat: sum(paid),
        cash: none,
        cashRefunded: none,
        adopted: sum(paid.filter((payment) => payment.adopted !== null)),
        givenBack: of((state) => state.state === 'given_back'),
        refunded: sumOfRefunds(['processing', 'refunded', 'needs_person', 'settled']),
        refundsByHand: sumOfRefunds(['needs_person', 'settled']),
        refundsClosed: sumOfRefunds(['closed', 'closed_seen']),
        refundsWaiting: sumOfRefunds(['waiting', 'sending']),
        closedByDeadline: of((state) => state.state === 'closed' && state.why === 'deadline'),
        closedByCancel: of((state) => state.state === 'closed' && state.why === 'cancelled'),
        closedOtherwise: of(
            (state) => state.state === 'closed' && state.why !== 'deadline' && state.why !== 'cancelled',
        ),
        refused: of((state) => state.state === 'refused'),
        waiting: sum(payments.filter((payment) => payment.live)),
        review: of((state) => state.state === 'review'),
    };
    const hours = Array.from({ length: 24 }, (_, hour) => ({
        hour,
        ...sum(paid.filter((payment) => new Date(payment.placedAt + 8 * 3_600_000).getUTCHours() === hour)),
    }));
    const net =
        BigInt(figures.paid.sumFen) + BigInt(figures.givenBack.sumFen) - BigInt(figures.refunded.sumFen);
    return {
        day,
        blind: false,
        ...figures,
        netFen: String(net),
        hours,
        text: text(day, figures, locale, shop),
    };
}

function text(day: string, figures: Record<string, CountAndSum>, locale: Locale, shop: string): string {
    const names: Record<string, [string, string]> = {
        paid: ['已收款', 'Paid'],
        closedByDeadline: ['超时关闭', 'Timed out'],
        closedByCancel: ['取消', 'Cancelled'],
        closedOtherwise: ['其他关闭', 'Closed'],
        refused: ['微信拒绝', 'Refused'],
        waiting: ['待确认', 'Waiting'],
        review: ['需处理', 'To decide'],
        refunded: ['退款', 'Refunded'],
    };
    const wide = (name: string) => [...name].reduce((width, char) => width + (char > '\u2e7f' ? 2 : 1), 0);
    const row = (name: string, value: CountAndSum) => {
        const left = name + ' '.repeat(Math.max(1, 14 - wide(name))) + String(value.count).padStart(5);
        return left + yuan(value.sumFen).padStart(13);
    };
    const lines = Object.entries(names).map(([key, [zh, en]]) => {
        const figure = figures[key] ?? { count: 0, sumFen: '0' };
        return row(locale === 'en' ? en : zh, figure);
    });
    const head = locale === 'en' ? 'Day report' : '日报';
    return [shop, `${head}  ${day}`, '-'.repeat(32), ...lines, '-'.repeat(32)].join('\n');
}
