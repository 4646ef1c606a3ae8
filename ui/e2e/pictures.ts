/**
 * Takes a picture of every screen, in both languages and two sizes, into `test-results/pictures/`.
 *
 * Run with `npm run pictures`; they are there to be looked at. `PICTURES=pay npm run pictures` takes some only.
 */
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from './browser';
import { day } from './dayScenes';
import { approve, charge, give, lowered, paid, played, ring, type Scene } from './scene';

const folder = new URL('../test-results/pictures/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });

const only = process.env.PICTURES ?? '';
let shop: Shop;

beforeAll(async () => {
    shop = await Shop.open();
});

afterAll(async () => {
    await shop.close();
    expect(shop.complaints, 'no page reports an error or blocked content').toEqual([]);
});

const scenes: Scene[] = [
    { name: 'sell-empty', play: async () => {} },
    { name: 'sell', wishes: '&training=0', play: (page) => ring(page, 1, 1, 6, 5) },
    {
        name: 'sell-long',
        play: async (page) => {
            await ring(page, 1, 6, 5, 7, 8, 11, 12, 13, 14, 16);
            await page.evaluate(() => {
                window.__fake.waiting(3, 1);
                window.__fake.unstable();
                window.__fake.clockWrong();
                window.__fake.diskTrouble();
            });
        },
    },
    {
        name: 'sell-search',
        play: async (page) => {
            await ring(page, 1);
            await page.getByTestId('search').fill('ks');
            await page.waitForTimeout(200);
        },
    },
    {
        name: 'sell-price',
        play: async (page) => {
            await ring(page, 20);
            await page.getByTestId('price-input').fill('12.5');
        },
    },
    {
        name: 'sell-quantity',
        play: async (page) => {
            await ring(page, 1);
            await page.keyboard.press('F3');
        },
    },
    ...lowered,
    {
        name: 'sell-held',
        play: async (page) => {
            await ring(page, 1, 6);
            await page.keyboard.press('F7');
            await ring(page, 5);
            await page.keyboard.press('F7');
            await page.getByTestId('held').click();
        },
    },
    {
        name: 'sell-notice',
        play: async (page) => {
            for (let piece = 0; piece < 4; piece += 1) await ring(page, 9);
        },
    },
    {
        name: 'pay-large',
        play: async (page) => {
            await ring(page, 20);
            await page.getByTestId('price-input').fill('123456.78');
            await page.keyboard.press('Enter');
            await page.getByTestId('pay').click();
            await page.getByTestId('qr').waitFor();
        },
    },
    played('pay', (page) => page.waitForTimeout(3500)),
    {
        name: 'pay-real',
        wishes: '&training=0',
        play: async (page) => {
            await charge(page);
            await page.waitForTimeout(3500);
        },
    },
    played('pay-placing', (page) => page.evaluate(() => window.__fake.placing())),
    played('pay-placing-unknown', (page) => page.evaluate(() => window.__fake.placingUnknown())),
    played('pay-user-paying', (page) => page.evaluate(() => window.__fake.userPaying())),
    played('pay-unstable', (page) =>
        page.evaluate(() => {
            window.__fake.doubts(4);
            window.__fake.unstable();
        }),
    ),
    played('pay-amber', (page) => page.evaluate(() => window.__fake.deadlineIn(250))),
    played('pay-red', (page) => page.evaluate(() => window.__fake.deadlineIn(45))),
    played('pay-cancel', (page) => page.keyboard.press('Escape')),
    played('pay-closing', (page) => page.evaluate(() => window.__fake.closing())),
    played('pay-closed', (page) => page.evaluate(() => window.__fake.closed())),
    played('pay-refused', (page) => page.evaluate(() => window.__fake.refused())),
    played('pay-review', (page) => page.evaluate(() => window.__fake.review('amount_differs'))),
    played('paid', (page) => page.evaluate(() => window.__fake.pay('notify'))),
    {
        name: 'waiting',
        play: async (page) => {
            await page.evaluate(() => window.__fake.waiting(4, 1));
            await page.getByTestId('badge').click();
        },
    },
    {
        name: 'background-paid',
        play: async (page) => {
            await charge(page);
            await page.keyboard.press('F7');
            await page.evaluate(() => {
                window.__fake.pay('query');
            });
            await page.waitForTimeout(300);
        },
    },
    {
        name: 'orders',
        play: async (page) => {
            await charge(page);
            await page.waitForTimeout(3500);
            await page.evaluate(() => window.__fake.pay('notify'));
            await page.getByTestId('record').click();
            await page.getByTestId('evidence-row').nth(1).locator('summary').click();
            await page.waitForTimeout(300);
        },
    },
    ...(['whole', 'lines', 'amount'] as const).map((part) => ({
        name: `refund-${part}`,
        play: async (page: Page) => {
            await paid(page);
            await give(page, part);
        },
    })),
    {
        name: 'refund-approval',
        play: async (page) => {
            await paid(page);
            await give(page, 'whole');
            await page.getByTestId('refund-submit').click();
            await page.getByTestId('approval').waitFor();
        },
    },
    {
        name: 'refund-several',
        play: async (page) => {
            await paid(page);
            await page.evaluate(() => window.__fake.refundFate({ state: 'needs_person', why: 'change' }, 60));
            await give(page, 'lines');
            await approve(page);
            await page.getByTestId('refund-settle').waitFor();
            await page.evaluate(() => window.__fake.refundFate({ state: 'refused', code: 'NOTENOUGH' }, 60));
            await give(page, 'amount');
            await approve(page);
            await page.getByTestId('refund-again').waitFor();
            await page.getByTestId('refund-record').first().click();
            await page.waitForTimeout(300);
        },
    },
    {
        name: 'refund-waiting',
        play: async (page) => {
            await paid(page);
            await page.evaluate(() => window.__fake.refundFate({ state: 'needs_person', why: 'change' }, 60));
            await give(page, 'lines');
            await approve(page);
            await page.getByTestId('refund-settle').waitFor();
            await page.evaluate(() => window.__fake.refundFate({ state: 'closed' }, 60));
            await give(page, 'amount');
            await approve(page);
            await page.waitForTimeout(400);
            await page.getByTestId('badge').click();
        },
    },
    {
        name: 'refund-day',
        play: async (page) => {
            await paid(page);
            await page.evaluate(() => window.__fake.refundFate({ state: 'closed' }, 60));
            await give(page, 'lines');
            await approve(page);
            await page.evaluate(() => {
                window.__fake.refundFate(
                    { state: 'refunded', at: new Date().toISOString(), receivedBy: null },
                    60,
                );
            });
            await give(page, 'amount');
            await approve(page);
            await page.waitForTimeout(400);
            await page.getByTestId('nav-day').click();
            await page.waitForTimeout(400);
        },
    },
    {
        name: 'refund-review',
        play: async (page) => {
            await charge(page);
            await page.evaluate(() => window.__fake.review('paid_after_deadline'));
            await page.getByTestId('review-give-back').click();
            await page.getByTestId('refund-quick-unwanted').click();
        },
    },
    {
        name: 'refund-review-order',
        play: async (page) => {
            await charge(page);
            await page.evaluate(() => window.__fake.review('paid_twice'));
            await page.getByTestId('record').click();
            await page.getByTestId('review-adopt').waitFor();
        },
    },
    {
        name: 'orders-search',
        play: async (page) => {
            await page.getByTestId('nav-orders').click();
            await page.getByTestId('order-search').fill('2');
            await page.waitForTimeout(400);
        },
    },
    ...day,
    {
        name: 'settings',
        play: async (page) => {
            await page.getByTestId('nav-settings').click();
            await page.getByTestId('import-file').setInputFiles({
                name: 'products.csv',
                mimeType: 'text/csv',
                buffer: Buffer.from(
                    'name,barcode,price,stock,category\n,1,2.50,3,a\nTea,2,2.505,3,a\nMilk,3,abc,1,b\n',
                ),
            });
            await page.getByTestId('import-result').waitFor();
        },
    },
    {
        name: 'restore',
        play: async (page) => {
            await page.getByTestId('nav-settings').click();
            await page.locator('[data-testid^="restore-scantill-"]').first().click();
            await page.getByTestId('restore-last-z').fill('149');
        },
    },
    {
        name: 'restore-damaged',
        play: async (page) => {
            await page.evaluate(() => {
                window.__fake.till.keeping.check = {
                    relation: { relation: 'unknown' },
                    lastZ: { inCopy: 145, found: 146, most: 10_145, ledgerRead: false },
                };
            });
            await page.getByTestId('nav-settings').click();
            await page.locator('[data-testid^="restore-scantill-"]').first().click();
            await page.getByTestId('restore-last-z').fill('14');
        },
    },
    {
        name: 'day-blind',
        play: async (page) => {
            await ring(page, 1, 5);
            await page.keyboard.press('/');
            await page.getByTestId('reprice-off').click();
            await page.keyboard.type('0.5');
            await page.keyboard.press('Enter');
            await page.getByTestId('cart-off').waitFor();
            await page.getByTestId('pay').click();
            await page.getByTestId('qr').waitFor();
            await page.evaluate(() => {
                window.__fake.reports((reports) => void (reports.blind = true));
                window.__fake.pay();
            });
            await page.getByTestId('nav-day').click();
            await page.getByTestId('close-day').click();
            await page.getByTestId('close-print').uncheck();
            await page.getByTestId('close-ok').click();
            await page.getByTestId('paper-part').waitFor();
        },
    },
    {
        name: 'day-aside',
        play: async (page) => {
            await page.evaluate(() =>
                window.__fake.reports((reports) => {
                    reports.aside = [{ first: 147, last: 149 }];
                }),
            );
            await page.getByTestId('nav-day').click();
            await page.getByTestId('paper-aside').scrollIntoViewIfNeeded();
        },
    },
    {
        name: 'notify-heard',
        play: (page) =>
            page.evaluate(() => window.__fake.notify((notify) => notify.up(new Date().toISOString()))),
    },
    {
        name: 'notify-taken',
        play: (page) => page.evaluate(() => window.__fake.notify((notify) => notify.down('queue_taken'))),
    },
    {
        name: 'notify-settings',
        play: async (page) => {
            await page.evaluate(() =>
                window.__fake.notify((notify) => {
                    notify.up(new Date().toISOString());
                    notify.letter({
                        at: new Date().toISOString(),
                        outTradeNo: 'T01-261123-000147-K3Q9',
                        reason: 'unknown_order',
                    });
                }),
            );
            await page.getByTestId('nav-settings').click();
            await page.getByTestId('probe').click();
            await page.waitForTimeout(600);
        },
    },
    {
        name: 'problem',
        play: async (page) => {
            await page.evaluate(() =>
                window.__fake.problem({
                    code: 'config_wrong',
                    subject: '[wechat] api_key',
                    detail: 'expected 32 characters, found 31',
                    example: 'api_key = "0123456789abcdef0123456789abcdef"',
                }),
            );
            await page.waitForTimeout(200);
        },
    },
    {
        name: 'help',
        play: async (page) => {
            await page.keyboard.press('F1');
        },
    },
    { name: 'customer-idle', play: (_, visit) => visit.customer() },
    {
        name: 'customer-cart',
        play: async (page, visit) => {
            await ring(page, 1, 6, 5, 1);
            return visit.customer();
        },
    },
    {
        name: 'customer-wait',
        play: async (page, visit) => {
            await charge(page);
            await page.evaluate(() => window.__fake.closing());
            return visit.customer();
        },
    },
    {
        name: 'customer-scan',
        play: async (page, visit) => {
            await charge(page);
            return visit.customer();
        },
    },
    {
        name: 'customer-scan-real',
        wishes: '&training=0',
        play: async (page, visit) => {
            await charge(page);
            return visit.customer();
        },
    },
    {
        name: 'customer-paid',
        play: async (page, visit) => {
            await charge(page);
            await page.evaluate(() => window.__fake.pay());
            return visit.customer();
        },
    },
];

for (const [width, height] of [
    [1366, 768],
    [1920, 1080],
    [1280, 720],
] as const) {
    for (const locale of ['zh-CN', 'en'] as const) {
        for (const scene of scenes.filter(({ name }) => name.includes(only))) {
            // The smallest size is for what could be cramped; the customer's screen has sizes of its own.
            if (width === 1280 && !/^(sell-long|pay|day|day-x-items|orders|settings)$/.test(scene.name))
                continue;
            it(`${scene.name} ${locale} ${width}`, async () => {
                const visit = await shop.visit({ width, height });
                const page = await visit.till(`?locale=${locale}${scene.wishes ?? ''}`);
                const shown = (await scene.play(page, visit)) ?? page;
                if (shown !== page && width === 1920) await shown.setViewportSize({ width, height });
                await shown.waitForTimeout(200);
                await shown.screenshot({ path: `${folder}${scene.name}-${locale}-${width}.png` });
                await visit.close();
            });
        }
    }
}
