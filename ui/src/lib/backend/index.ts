/** Picks the till to talk to: the real one in the desktop window, an invented one in a browser while developing. */
import type { Backend } from './backend';

export async function connect(): Promise<Backend> {
    if ('__TAURI_INTERNALS__' in window) {
        const { tauriBackend } = await import('./tauri');
        return tauriBackend();
    }
    // A release build holds no invented till: a page that lost its shell must never show invented payments.
    if (import.meta.env.MODE === 'fake') {
        const { fakeBackend } = await import('./fake');
        return fakeBackend();
    }
    throw new Error('this page runs inside the ScanTill window only');
}
