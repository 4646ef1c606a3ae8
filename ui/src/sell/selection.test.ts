import { describe, expect, it } from 'vitest';
import type { CartLine } from '../lib/backend/backend';
import { CartSelection } from './selection.svelte';

const line = (number: number, quantity = 1): CartLine => ({
    line: number,
    productId: number,
    name: '',
    priceFen: 100,
    reduction: null,
    quantity,
    sumFen: 100 * quantity,
});

describe('the selected line of the cart', () => {
    it('is the one rung up last', () => {
        const selection = new CartSelection();
        selection.follow([line(1)]);
        selection.follow([line(1), line(2)]);
        expect(selection.line, 'the new line').toBe(2);
        selection.follow([line(1, 2), line(2)]);
        expect(selection.line, 'a line that got more').toBe(1);
    });

    it('stays where the cashier put it', () => {
        const selection = new CartSelection();
        const lines = [line(1), line(2), line(3)];
        selection.follow(lines);
        selection.move(lines, -1);
        expect(selection.line, 'one up').toBe(2);
        selection.follow([line(1), line(2), line(3)]);
        expect(selection.line, 'a snapshot without change moves nothing').toBe(2);
        selection.move(lines, 1);
        selection.move(lines, 1);
        expect(selection.line, 'the end is the end').toBe(3);
    });

    it('gives way to a neighbour when its line goes', () => {
        const selection = new CartSelection();
        selection.follow([line(1), line(2), line(3)]);
        selection.follow([line(1), line(2)]);
        expect(selection.line, 'the last one takes over').toBe(2);
        selection.follow([]);
        expect(selection.line, 'an empty cart has none').toBeNull();
    });
});
