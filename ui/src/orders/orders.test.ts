import { describe, expect, it } from 'vitest';
import type { OrderBrief } from '../lib/backend/backend';
import { keyOf, pickedOf } from './orders.svelte';

const cash: OrderBrief = {
    by: 'cash',
    sale: { sale: 12, totalFen: 600, refundedFen: 0, paidAt: '', first: '', pieces: 3 },
};
const wechat: OrderBrief = {
    by: 'wechat',
    payment: {
        outTradeNo: 'T01-261123-000012-7F3K',
        totalFen: 600,
        state: 'paid',
        placedAt: '',
        deadline: '',
        doubts: 0,
        paidAt: null,
        first: '',
        pieces: 3,
        cashInHandFen: 0,
    },
};

describe('the list of orders', () => {
    it('picks a sale in cash by its own number and an order by its', () => {
        expect(pickedOf(cash), 'what is asked for by cash_sale').toEqual({ by: 'cash', sale: 12 });
        expect(pickedOf(wechat), 'what is asked for by order').toEqual({
            by: 'wechat',
            outTradeNo: 'T01-261123-000012-7F3K',
        });
    });

    it('never takes one row for another', () => {
        const keys = [cash, wechat].map((row) => keyOf(pickedOf(row)));
        expect(new Set(keys).size, 'a key for each row').toBe(2);
        expect(keys[0], 'no order number begins like this').toMatch(/^cash-/);
    });
});
