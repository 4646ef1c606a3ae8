/** Listens for a barcode scanner on the whole window and undoes what its keys typed on the way. */
import { BarcodeWedge } from './wedge';

interface Field {
    input: HTMLInputElement | HTMLTextAreaElement;
    value: string;
    start: number | null;
    end: number | null;
}

function focusedField(): Field | null {
    const input = document.activeElement;
    if (!(input instanceof HTMLInputElement || input instanceof HTMLTextAreaElement)) return null;
    return { input, value: input.value, start: input.selectionStart, end: input.selectionEnd };
}

function restore(field: Field): void {
    field.input.value = field.value;
    if (field.start !== null && field.end !== null) field.input.setSelectionRange(field.start, field.end);
    field.input.dispatchEvent(new Event('input', { bubbles: true }));
}

/** Calls `scanned` for each code; `ignored` instead while a dialog asks for money. Stop it with the answer. */
export function listenScanner(scanned: (code: string) => void, ignored: (code: string) => void): () => void {
    const wedge = new BarcodeWedge();
    let before: Field | null = null;

    function pressed(event: KeyboardEvent): void {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        const heard = wedge.press(event.key, event.timeStamp);
        if (heard.heard === 'first') before = focusedField();
        if (heard.heard !== 'code') return;
        // The closing Enter must press no button and send no form.
        event.preventDefault();
        event.stopImmediatePropagation();
        const field = before ?? focusedFieldWith(heard.code);
        if (field !== null && field.input.isConnected) restore(field);
        before = null;
        const asksForMoney = document.querySelector('dialog[open][data-money]') !== null;
        (asksForMoney ? ignored : scanned)(heard.code);
    }

    window.addEventListener('keydown', pressed, { capture: true });
    return () => window.removeEventListener('keydown', pressed, { capture: true });
}

/** The first key of the code may itself have moved the focus into a field; then the code is the field's end. */
function focusedFieldWith(code: string): Field | null {
    const field = focusedField();
    if (field === null || !field.value.endsWith(code)) return null;
    const value = field.value.slice(0, -code.length);
    return { ...field, value, start: value.length, end: value.length };
}
