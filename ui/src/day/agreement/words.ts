/** The words for differences from WeChat's bill: what is the matter, whether money has moved, what can be done. */
import type { BillDifferenceView, BillFaultView, BillTroubleView } from '../../lib/backend/backend';
import { money } from '../../lib/money';
import type { Words } from '../../lib/words.svelte';

/** A fee with five decimals as money: at least two, and no more than it needs. */
export function feeText(yuan: string): string {
    const [sign, digits] = yuan.startsWith('-') ? ['-', yuan.slice(1)] : ['', yuan];
    return `${sign}¥${digits.replace(/0{1,3}$/, '')}`;
}

/** What the words are made of. */
export type Said = Pick<BillDifferenceView, 'cause' | 'hereFen' | 'thereFen'>;

function values(words: Words, difference: Said): Record<string, string> {
    const { cause } = difference;
    switch (cause.cause) {
        case 'review':
            return { why: words.t(`review.${cause.why}`), amount: money(cause.amountFen) };
        case 'closed_here':
            return { why: words.t(`closed_why.${cause.why}`) };
        case 'payment_differs':
            return { here: cause.here, there: cause.there };
        case 'currency_differs':
        case 'state_differs':
            return { there: cause.there };
        case 'day_boundary':
            return { here: cause.here, there: cause.there ?? '' };
        case 'fee_differs':
            return { rate: cause.rate, expected: feeText(cause.expected), charged: feeText(cause.charged) };
        case 'rate_unreadable':
            return { said: cause.said, charged: feeText(cause.charged) };
        case 'refund_differs':
            return {
                here: words.t(`refund_standing.${cause.here}`),
                there: words.t(`refund_standing.${cause.there}`),
            };
        case 'totals_differ':
            return { rows: money(cause.rowsFen), said: money(cause.saidFen) };
        case 'count_differs':
            return { rows: String(cause.rows), said: String(cause.said) };
        case 'fee_total_differs':
            return { rows: feeText(cause.rows), said: feeText(cause.said) };
        case 'only_here':
        case 'only_there':
        case 'waiting_here':
        case 'refused_here':
        case 'amount_differs':
        case 'fee_missing':
        case 'twice_there':
            return { here: money(difference.hereFen), there: money(difference.thereFen) };
    }
}

/** Which words: that a refund failed on both sides needs others than that the sides do not agree about it. */
function key({ cause }: Said): string {
    const failed = cause.cause === 'refund_differs' && cause.here === 'failed' && cause.there === 'failed';
    return failed ? 'cause.refund_failed' : `cause.${cause.cause}`;
}

/** What is the matter, in a few words. */
export function causeName(words: Words, difference: BillDifferenceView): string {
    return words.t(`${key(difference)}.name`, values(words, difference));
}

/** Which sentence: some causes have one more. */
function sentence({ cause }: Said): string {
    if (cause.cause === 'day_boundary' && cause.there === null) return 'waiting';
    if (cause.cause === 'fee_differs' && cause.expected.startsWith('-')) return 'given_back';
    if (cause.cause === 'rate_unreadable' && cause.said === '') return 'empty';
    return 'what';
}

/** What is the matter, in a sentence. */
export function causeWhat(words: Words, difference: Said): string {
    return words.t(`${key(difference)}.${sentence(difference)}`, values(words, difference));
}

/** Whether money has moved. */
export function causeMoney(words: Words, difference: BillDifferenceView): string {
    const { cause } = difference;
    const missing = cause.cause === 'review' && !cause.onBill;
    return words.t(missing ? 'cause.review.not_on_bill' : `${key(difference)}.money`);
}

/** What is wrong with a file. */
export function faultText(words: Words, fault: BillFaultView): string {
    return words.t(`bill_fault.${fault.code}`, { subject: fault.subject, line: fault.line ?? '' });
}

/** Why the bill is not there yet. */
export function troubleText(words: Words, trouble: BillTroubleView): string {
    const fault = trouble.fault === null ? '' : faultText(words, trouble.fault);
    return words.t(`bill_trouble.${trouble.code}`, { said: trouble.said, fault });
}
