/** Payments of an invented past, always the same for the same day. */
import type { CartLine } from '../backend';
import { FakePayment } from './payment';
import type { FakeProduct } from './products';

const HOUR = 3_600_000;
/** The invented shop is in Beijing. */
const ZONE = 8 * HOUR;
/** How many sales an hour brings, from 8 to 21. */
const RUSH = [2, 3, 4, 5, 8, 9, 6, 4, 5, 6, 10, 12, 9, 5];

function dice(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 4_294_967_296;
    };
}

export function dayOf(at: number): string {
    return new Date(at + ZONE).toISOString().slice(0, 10);
}

function basket(products: FakeProduct[], roll: () => number): CartLine[] {
    const lines = 1 + Math.floor(roll() * 3);
    return Array.from({ length: lines }, (_, index) => {
        const product = products[Math.floor(roll() * products.length)];
        const priceFen = product?.priceFen ?? 200;
        const quantity = roll() < 0.8 ? 1 : 2;
        return {
            line: index + 1,
            productId: product?.id ?? 1,
            name: product?.name ?? '',
            priceFen,
            quantity,
            sumFen: priceFen * quantity,
            reduction: null,
        };
    });
}

/** All payments of a day up to `until`, oldest first. */
export function pastDay(day: string, until: number, products: FakeProduct[]): FakePayment[] {
    const start = Date.parse(`${day}T00:00:00Z`) - ZONE;
    const roll = dice(Number(day.replaceAll('-', '')));
    const short = day.slice(2).replaceAll('-', '');
    const payments: FakePayment[] = [];
    RUSH.forEach((often, index) => {
        const times = Array.from({ length: often }, () => Math.floor(roll() * HOUR)).sort((a, b) => a - b);
        for (const time of times) {
            const at = start + (index + 8) * HOUR + time;
            const serial = String(payments.length + 1).padStart(6, '0');
            const tail = Math.floor(roll() * 0xffff)
                .toString(16)
                .toUpperCase()
                .padStart(4, '0');
            const payment = new FakePayment(`T01-${short}-${serial}-${tail}`, basket(products, roll), at);
            finish(payment, at, roll());
            if (at + 40_000 < until) payments.push(payment);
        }
    });
    return payments;
}

/** A sale in cash of an invented past. */
export interface PastCash {
    at: number;
    fen: number;
    lines: CartLine[];
}

/** All cash sales of a day up to `until`, oldest first. */
export function pastCash(day: string, until: number, products: FakeProduct[]): PastCash[] {
    const start = Date.parse(`${day}T00:00:00Z`) - ZONE;
    const roll = dice(Number(day.replaceAll('-', '')) + 1);
    const sales = RUSH.flatMap((often, index) => {
        const few = Math.floor(roll() * (often / 3));
        return Array.from({ length: few }, () => {
            const lines = basket(products, roll);
            const fen = lines.reduce((sum, line) => sum + line.sumFen, 0);
            return { at: start + (index + 8) * HOUR + Math.floor(roll() * HOUR), fen, lines };
        });
    });
    return sales.filter(({ at }) => at < until).sort((one, other) => one.at - other.at);
}

function finish(payment: FakePayment, at: number, fate: number): void {
    payment.placed(at + 300);
    for (let second = 3; second <= 12; second += 3) payment.asked(at + second * 1000, 'NOTPAY');
    if (fate < 0.9) {
        payment.pay(at + 15_000, fate < 0.5 ? 'notify' : 'query');
    } else if (fate < 0.95) {
        payment.note(at + 20_000, 'cashier', 'cancel', 'none');
        payment.note(at + 300_000, 'closeorder', 'SUCCESS', 'right');
        payment.state = { state: 'closed', why: 'cancelled' };
    } else {
        payment.note(at + 1_800_000, 'closeorder', 'SUCCESS', 'right');
        payment.state = { state: 'closed', why: 'deadline' };
    }
}
