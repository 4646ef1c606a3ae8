/** The invented till's lowered prices: each piece has a price of its own, and a manager answers past the limit of the house. */
import type { CartLine, DiscountLimit, PriceWish, ReductionView } from '../backend';
import { Refusal } from '../backend';

function refuse(code: Refusal['code']): never {
    throw new Refusal({ code, detail: '' });
}

function within(limit: DiscountLimit, listFen: number, priceFen: number): boolean {
    const off = listFen - priceFen;
    return limit.by === 'percent' ? off * 100 <= listFen * limit.percent : off <= limit.offFen;
}

/** What is asked for each piece: prices, and for how many pieces. */
function asked(listFen: number, quantity: number, wish: PriceWish): [number, number][] {
    if (wish.ask === 'list') return [[listFen, quantity]];
    if (wish.ask === 'each') {
        if (wish.priceFen > listFen) refuse('above_list_price');
        return [[wish.priceFen, quantity]];
    }
    const left = listFen * quantity - wish.offFen;
    if (wish.offFen <= 0 || left < 0) refuse('price_out_of_range');
    const each = Math.floor(left / quantity);
    const over = left % quantity;
    return over === 0
        ? [[each, quantity]]
        : [
              [each, quantity - over],
              [each + 1, over],
          ];
}

/** What the line becomes; `next` numbers what is new. Past the limit `approve` is asked, which says who did. */
export function repriced(
    line: CartLine,
    wish: PriceWish,
    limit: DiscountLimit,
    next: () => number,
    approve: () => string,
): CartLine[] {
    const listFen = line.reduction?.listFen ?? line.priceFen;
    const parts = asked(listFen, line.quantity, wish);
    const over = parts.some(([priceFen]) => !within(limit, listFen, priceFen));
    const by = over ? approve() : null;
    return parts.map(([priceFen, quantity], index) => ({
        ...line,
        line: index === 0 ? line.line : next(),
        priceFen,
        quantity,
        sumFen: priceFen * quantity,
        reduction:
            priceFen === listFen
                ? null
                : {
                      listFen,
                      offFen: (listFen - priceFen) * quantity,
                      how: wish.ask === 'off' ? ('amount_off' as const) : ('new_price' as const),
                      approvedBy: within(limit, listFen, priceFen) ? null : by,
                  },
    }));
}

/** The same line with more or fewer pieces. */
export function withQuantity(line: CartLine, quantity: number): CartLine {
    const { reduction, priceFen } = line;
    if (reduction?.approvedBy != null && quantity > line.quantity) refuse('approved_for_fewer');
    const lowered: ReductionView | null =
        reduction === null ? null : { ...reduction, offFen: (reduction.listFen - priceFen) * quantity };
    return { ...line, quantity, sumFen: priceFen * quantity, reduction: lowered };
}
