/** Keyboard shortcuts of a page: they rest while a dialog is open, for then the keys belong to the dialog. */

export function dialogOpen(): boolean {
    return document.querySelector('dialog[open]') !== null;
}

/** Enter that ends what is typed: not the one with which an input method takes over a word (WebKit tells that one by 229). */
export function isEnter(event: KeyboardEvent): boolean {
    return event.key === 'Enter' && !event.isComposing && event.keyCode !== 229;
}

/** The second half of a double click would land on a button of the view that has just come. Milliseconds. */
const SETTLES = 500;

/** For a view that takes another's place: answers whether it has stood long enough to be meant by a press. */
export function settling(): () => boolean {
    const shownAt = performance.now();
    return () => performance.now() - shownAt > SETTLES;
}

/** What has the focus and is pressed by Enter itself. */
function pressesItself(event: KeyboardEvent): boolean {
    const target =
        event.target instanceof Element ? event.target.closest('button, a, select, summary') : null;
    return event.key === 'Enter' && target !== null;
}

/** Keys that a web view would take for itself: help, find, reload, caret browsing, menu. */
const TAKEN_BY_THE_WEB_VIEW = new Set(['F1', 'F3', 'F5', 'F6', 'F7', 'F10', 'F11', 'F12']);

/** Makes a key handler out of a table from key to act. Answers `false` from an act to let the key through. */
export function shortcuts(table: Record<string, () => unknown>): (event: KeyboardEvent) => void {
    return (event) => {
        if (TAKEN_BY_THE_WEB_VIEW.has(event.key)) event.preventDefault();
        if (event.defaultPrevented && !TAKEN_BY_THE_WEB_VIEW.has(event.key)) return;
        if (event.ctrlKey || event.altKey || event.metaKey || dialogOpen()) return;
        if (pressesItself(event) || (event.key === 'Enter' && !isEnter(event))) return;
        const act = table[event.key];
        if (act === undefined) return;
        // A key held down must not act again and again, but moving through lines may.
        if (event.repeat && !event.key.startsWith('Arrow')) {
            event.preventDefault();
            return;
        }
        if (act() !== false) event.preventDefault();
    };
}
