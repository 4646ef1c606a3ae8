/** What is drawn, and the clicks that several of the pictures begin with. */
import type { Page } from 'playwright-core';
import type { Visit } from './browser';

export async function ring(page: Page, ...tiles: number[]): Promise<void> {
    for (const tile of tiles) await page.getByTestId(`tile-${tile}`).click();
}

/** Sends keys as a scanner does, 5 ms apart by their own timestamps, however busy this machine is. */
export async function scan(page: Page, code: string): Promise<void> {
    const session = await page.context().newCDPSession(page);
    const begun = Date.now() / 1000;
    const keys = [...[...code].map((digit) => [digit, digit] as const), ['Enter', '\r'] as const];
    await Promise.all(
        keys.flatMap(([key, text], index) => {
            const timestamp = begun + index * 0.005;
            return [
                session.send('Input.dispatchKeyEvent', {
                    type: 'keyDown',
                    key,
                    text,
                    unmodifiedText: text,
                    timestamp,
                }),
                session.send('Input.dispatchKeyEvent', { type: 'keyUp', key, timestamp }),
            ];
        }),
    );
    await session.detach();
}

export type Scene = {
    name: string;
    play: (page: Page, visit: Visit) => Promise<Page | void>;
    wishes?: string;
};

export const charge = async (page: Page) => {
    await ring(page, 1, 1, 6, 5);
    await page.getByTestId('pay').click();
    await page.getByTestId('qr').waitFor();
};
export const played = (name: string, play: (page: Page) => Promise<unknown>): Scene => ({
    name,
    play: async (page) => {
        await charge(page);
        await play(page);
    },
});

export const paid = async (page: Page) => {
    await charge(page);
    await page.evaluate(() => window.__fake.pay('notify'));
    await page.getByTestId('record').click();
    await page.getByTestId('refund-open').waitFor();
};
export const give = async (page: Page, part: 'whole' | 'lines' | 'amount') => {
    await page.getByTestId('refund-open').click();
    await page.getByTestId(`refund-part-${part}`).click();
    if (part === 'lines') await page.getByTestId('refund-more-1').click();
    if (part === 'amount') await page.getByTestId('refund-amount').fill('3.5');
    await page.getByTestId('refund-quick-faulty').click();
};
export const approve = async (page: Page) => {
    await page.getByTestId('refund-submit').click();
    await page.getByTestId('approval-yes').click();
    await page.getByTestId('refund-dialog').waitFor({ state: 'detached' });
};

export const openShift = async (page: Page) => {
    await page.keyboard.press('F11');
    await page.getByTestId('float').fill('200');
    await page.getByTestId('open-shift-ok').click();
    await page.getByTestId('search').waitFor();
};

/** A cash sale whose drawer does not open. */
const stuck = async (page: Page) => {
    await page.evaluate(() =>
        window.__fake.reports((reports) => {
            reports.printer = { outcome: 'not_sent', why: 'off' };
        }),
    );
    await ring(page, 1, 1, 6, 5);
    await page.getByTestId('cash').click();
    await page.getByTestId('cash-view').waitFor();
    await page.keyboard.type('50');
    await page.keyboard.press('Enter');
};

/** Prices that are lowered in the cart, and the drawer that is opened without a sale. */
export const lowered: Scene[] = [
    {
        name: 'sell-reprice',
        play: async (page) => {
            await ring(page, 1, 1, 6);
            await page.keyboard.press('/');
            await page.getByTestId('reprice-percent-10').click();
        },
    },
    {
        name: 'sell-reduced',
        play: async (page) => {
            await ring(page, 5, 6, 1, 1, 1);
            await page.keyboard.press('/');
            await page.getByTestId('reprice-off').click();
            await page.keyboard.type('0.5');
            await page.keyboard.press('Enter');
            await page.getByTestId('cart-off').waitFor();
            await page.keyboard.press('ArrowUp');
            await page.keyboard.press('ArrowUp');
            await page.keyboard.press('/');
            await page.keyboard.type('12');
            await page.keyboard.press('Enter');
            await page.getByTestId('approval-yes').click();
        },
    },
    {
        name: 'sell-drawer',
        play: async (page) => {
            await page.keyboard.press('F5');
            await page.getByTestId('drawer-often-change').click();
        },
    },
    {
        name: 'shift-drawer',
        play: async (page) => {
            await openShift(page);
            await page.keyboard.press('F11');
            await page.getByTestId('drawer-open').waitFor();
        },
    },
    {
        name: 'shift-none-drawer',
        play: async (page) => {
            await page.getByTestId('nav-shift').click();
            await page.getByTestId('open-shift').waitFor();
        },
    },
    {
        name: 'cash-drawer-shut',
        play: async (page) => {
            await stuck(page);
            await page.getByTestId('drawer-shut').waitFor();
        },
    },
    {
        name: 'sell-drawer-shut',
        play: async (page) => {
            await stuck(page);
            await page.getByTestId('drawer-shut').waitFor();
            await page.keyboard.press('Enter');
            await page.getByTestId('search').waitFor();
            await ring(page, 1, 6, 5);
        },
    },
];
