/** One shop for a file of tests, and a visit of its own for each; no page may complain of anything. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { Shop, type Visit } from './browser';

export let shop: Shop;
export let visit: Visit;

export function visitForEachTest(): void {
    beforeAll(async () => {
        shop = await Shop.open();
    });

    afterAll(async () => {
        await shop.close();
    });

    beforeEach(async () => {
        visit = await shop.visit();
    });

    afterEach(async () => {
        await visit.close();
        expect(shop.complaints.splice(0), 'no page reports an error or blocked content').toEqual([]);
    });
}
