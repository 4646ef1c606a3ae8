/**
 * The invented till for a browser: `npm run dev`, the browser tests and screenshots.
 *
 * The till window holds it; the customer display, opened in the same browser, hears it over a broadcast channel.
 * It is played through `window.__fake` (see `control.ts`).
 */
import type { Backend, CustomerView } from '../backend';
import { control, type FakeControl } from './control';
import { FakeTill } from './till';

declare global {
    interface Window {
        __fake: FakeControl;
    }
}

type Word = { ask: true } | { view: CustomerView };

export function fakeBackend(): Backend {
    const channel = new BroadcastChannel('scantill-fake');
    if (location.pathname.endsWith('customer.html')) return customerSide(channel);
    const till = new FakeTill();
    const backend = till.backend();
    const tell = () => channel.postMessage({ view: till.customer() } satisfies Word);
    void backend.onCustomer(tell);
    channel.onmessage = (event: MessageEvent<Word>) => {
        if ('ask' in event.data) tell();
    };
    window.__fake = control(till);
    return backend;
}

/** Shows what the till window in the same browser sends; without one, a till of its own is played. */
function customerSide(channel: BroadcastChannel): Backend {
    const till = new FakeTill();
    window.__fake = control(till);
    const backend = till.backend();
    return {
        ...backend,
        onCustomer: async (seen) => {
            channel.onmessage = (event: MessageEvent<Word>) => {
                if ('view' in event.data) seen(event.data.view);
            };
            channel.postMessage({ ask: true } satisfies Word);
            return backend.onCustomer(seen);
        },
    };
}
