/** Which line of the cart the keys act on: the one last added or changed, until the cashier moves. */
import type { CartLine } from '../lib/backend/backend';

export class CartSelection {
    line = $state<number | null>(null);
    #before: CartLine[] = [];

    /** Follows the cart: a new or fuller line is taken, a vanished one gives way to its neighbour. */
    follow(lines: CartLine[]): void {
        const before = new Map(this.#before.map((line) => [line.line, line.quantity]));
        const touched = lines.findLast((line) => line.quantity > (before.get(line.line) ?? 0));
        if (touched !== undefined) {
            this.line = touched.line;
        } else if (!lines.some((line) => line.line === this.line)) {
            const place = this.#before.findIndex((line) => line.line === this.line);
            this.line = lines[Math.min(Math.max(place, 0), lines.length - 1)]?.line ?? null;
        }
        this.#before = lines;
    }

    move(lines: CartLine[], by: 1 | -1): void {
        const place = lines.findIndex((line) => line.line === this.line);
        const next = lines[Math.min(Math.max(place + by, 0), lines.length - 1)];
        if (next !== undefined) this.line = next.line;
    }
}
