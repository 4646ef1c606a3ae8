/** Plays the customer, the network and time in the invented till, from the page's address or from a test. */
import type { CloseReason, FoundBy, Locale, PayState, Problem, RefundState, ReviewReason } from '../backend';
import type { BillStage } from './bills';
import { dayOf, pastDay } from './history';
import type { FakePayment } from './payment';
import type { FakeTill } from './till';

const DAY = 86_400_000;

export type FakeControl = ReturnType<typeof control>;

export function control(till: FakeTill) {
    const front = (): FakePayment =>
        till.front ?? [...till.payments].reverse().find((payment) => payment.live)!;
    const become = (state: PayState) => till.become(front(), state);
    const controls = {
        till,
        /** The customer pays the order in front, or the one with this number. */
        pay: (foundBy: FoundBy = 'query', outTradeNo?: string) =>
            till.customerPays(
                till.payments.find((payment) => payment.outTradeNo === outTradeNo) ?? front(),
                foundBy,
            ),
        userPaying: () => become({ state: 'user_paying' }),
        placing: () => become({ state: 'placing' }),
        placingUnknown: () => become({ state: 'placing_unknown' }),
        closing: (why: CloseReason = 'cancelled') => become({ state: 'closing', why }),
        closed: (why: CloseReason = 'deadline') => become({ state: 'closed', why }),
        refused: (code = 'NOAUTH') => become({ state: 'refused', code }),
        review: (why: ReviewReason = 'paid_after_deadline', outTradeNo?: string) =>
            till.become(till.payments.find((payment) => payment.outTradeNo === outTradeNo) ?? front(), {
                state: 'review',
                why,
            }),
        /** So many questions in a row without an answer. */
        doubts: (count: number) => {
            for (let doubt = 0; doubt < count; doubt += 1) front().doubted(Date.now());
            till.push();
        },
        /** What WeChat makes of the refunds that follow, and how fast. */
        refundFate: (fate: RefundState, pace = 900) => {
            till.refunds.fate = fate;
            till.refunds.pace = pace;
        },
        bill: (stage: BillStage) => {
            till.bills.become(stage);
            till.push();
        },
        /** Something happens to X and Z, the printer or the bill. */
        reports: (happens: (reports: FakeTill['reports']) => void) => {
            happens(till.reports);
            till.push();
        },
        offline: (offline = true) => {
            till.offline = offline;
        },
        deadlineIn: (seconds: number) => {
            front().deadline = Date.now() + seconds * 1000;
            till.push();
        },
        locale: (locale: Locale) => {
            till.locale = locale;
            till.push();
        },
        training: (training: boolean) => {
            till.training = training;
            till.push();
        },
        diskTrouble: (diskTrouble = true) => {
            till.lamps = { ...till.lamps, diskTrouble };
            till.push();
        },
        clockWrong: (clockWrong = true) => {
            till.lamps = { ...till.lamps, clockWrong };
            till.push();
        },
        unstable: () => {
            till.lamps = { ...till.lamps, wechat: { lamp: 'unstable', since: new Date().toISOString() } };
            till.push();
        },
        /** Something happens to the till's notifies. */
        notify: (happens: (notify: FakeTill['notify']) => void) => {
            happens(till.notify);
            till.push();
        },
        problem: (problem: Problem | null) => {
            till.problem = problem;
            till.push();
        },
        /** So many live payments in the background, the last ones in need of a decision. */
        waiting: (count: number, reviews = 0) => {
            const paid = (payments: FakePayment[]) =>
                payments.filter((payment) => payment.state.state === 'paid');
            const short = count - paid(till.payments).length;
            if (short > 0) {
                // Early in the morning the shop has sold too little yet: some of the evening before.
                const evening = pastDay(dayOf(Date.now() - DAY), Date.now(), till.products);
                till.payments = [...paid(evening).slice(-short), ...till.payments];
            }
            const past = paid(till.payments).slice(-count);
            past.forEach((payment, index) => {
                payment.state =
                    index < count - reviews
                        ? { state: index % 2 === 0 ? 'awaiting_scan' : 'user_paying' }
                        : { state: 'review', why: 'paid_after_deadline' };
                payment.deadline = Date.now() + (index + 3) * 170_000;
            });
            till.push();
        },
    };
    fromAddress(controls);
    return controls;
}

/** `?locale=en&training=0&pay=4000`: the customer pays so many milliseconds after each placing. */
function fromAddress(controls: { till: FakeTill }): void {
    const wishes = new URLSearchParams(location.search);
    const { till } = controls;
    if (wishes.get('locale') === 'en') till.locale = 'en';
    if (wishes.get('training') === '0') till.training = false;
    const after = Number(wishes.get('pay') ?? 0);
    if (after > 0) {
        setInterval(() => {
            const payment = till.front;
            if (payment?.state.state === 'awaiting_scan' && Date.now() - payment.placedAt > after) {
                till.customerPays(payment);
            }
        }, 100);
    }
}
