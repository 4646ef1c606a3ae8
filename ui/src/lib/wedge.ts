/**
 * Tells a barcode scanner from a typing person. A scanner that poses as a keyboard sends its digits far faster than a
 * hand can and ends with Enter, so the gaps between keys decide, not the place of the focus.
 */

/** A code has at least so many characters. */
export const SHORTEST_CODE = 6;
/** No gap within a code is as long as this, in milliseconds. */
export const LONGEST_GAP = 35;

export type Heard =
    /** A key that begins a possible code: what was in the focused field is worth remembering. */
    | { heard: 'first' }
    | { heard: 'more' }
    | { heard: 'code'; code: string }
    /** Nothing that belongs to a code. */
    | { heard: 'nothing' };

export class BarcodeWedge {
    #code = '';
    #last = Number.NEGATIVE_INFINITY;

    /** Takes one key as the browser names it, with the time it was pressed in milliseconds. */
    press(key: string, at: number): Heard {
        const quick = at - this.#last < LONGEST_GAP;
        const code = this.#code;
        if (key === 'Enter') {
            this.#forget();
            return quick && code.length >= SHORTEST_CODE ? { heard: 'code', code } : { heard: 'nothing' };
        }
        // A scanner presses Shift for capital letters; that is no break within the code.
        if (key === 'Shift') return { heard: 'nothing' };
        if (!/^[\x21-\x7e]$/.test(key)) {
            this.#forget();
            return { heard: 'nothing' };
        }
        this.#last = at;
        if (quick && code !== '') {
            this.#code = code + key;
            return { heard: 'more' };
        }
        this.#code = key;
        return { heard: 'first' };
    }

    #forget(): void {
        this.#code = '';
        this.#last = Number.NEGATIVE_INFINITY;
    }
}
