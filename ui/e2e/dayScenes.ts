/** The pictures of the day page: X, Z, the closing, the bill. */
import type { Page } from 'playwright-core';
import { approve, give, openShift, paid, type Scene } from './scene';

export const day: Scene[] = [
    {
        name: 'day',
        play: async (page) => {
            await page.getByTestId('nav-day').click();
            await page.getByTestId('day-input').fill('2026-11-20');
            await page.keyboard.press('Enter');
            await page.waitForTimeout(400);
        },
    },
    ...(['items', 'categories'] as const).map((kind) => ({
        name: `day-x-${kind}`,
        wishes: '&training=0',
        play: async (page: Page) => {
            await openShift(page);
            await page.evaluate(() => window.__fake.waiting(3, 1));
            await page.getByTestId('nav-day').click();
            await page.getByTestId(`best-${kind}`).click();
            await page.waitForTimeout(300);
        },
    })),
    {
        name: 'day-x-training',
        play: async (page) => {
            await page.getByTestId('nav-day').click();
            await page.getByTestId('paper').waitFor();
        },
    },
    {
        name: 'day-x-young',
        wishes: '&training=0',
        play: async (page) => {
            await page.evaluate(() =>
                window.__fake.reports((reports) => {
                    reports.young = true;
                }),
            );
            await page.getByTestId('nav-day').click();
            await page.getByTestId('paper').waitFor();
        },
    },
    {
        name: 'day-close',
        wishes: '&training=0',
        play: async (page) => {
            await openShift(page);
            await page.evaluate(() => window.__fake.waiting(4, 1));
            await page.getByTestId('nav-day').click();
            await page.getByTestId('close-day').click();
            await page.getByTestId('close-note').fill('停电十分钟，两单手工记账');
        },
    },
    {
        name: 'day-close-plain',
        wishes: '&training=0',
        play: async (page) => {
            await page.getByTestId('nav-day').click();
            await page.getByTestId('close-day').click();
            await page.getByTestId('close-note').waitFor();
        },
    },
    {
        name: 'day-z-fresh',
        wishes: '&training=0',
        play: async (page) => {
            await openShift(page);
            await page.evaluate(() => window.__fake.waiting(3, 1));
            await page.getByTestId('nav-day').click();
            await page.getByTestId('close-day').click();
            await page.getByTestId('close-note').fill('停电十分钟，两单手工记账');
            await page.getByTestId('close-ok').click();
            await page.getByTestId('report-xlsx').click();
            await page.getByTestId('take-out-told').getByText('.xlsx').waitFor();
        },
    },
    {
        name: 'day-z-copy',
        wishes: '&training=0',
        play: async (page) => {
            await page.getByTestId('nav-day').click();
            await page.getByTestId('z-older').click();
            await page.getByTestId('paper-copy').waitFor();
            await page.waitForTimeout(200);
        },
    },
    {
        name: 'day-z-foot',
        wishes: '&training=0',
        play: async (page) => {
            await page.evaluate(() =>
                window.__fake.reports((reports) => {
                    reports.bill = 'differs';
                    reports.printer = { outcome: 'unknown', why: 'connection reset by peer' };
                }),
            );
            await page.getByTestId('nav-day').click();
            await page.getByTestId('z-older').click();
            await page.getByTestId('paper-copy').waitFor();
            await page.getByTestId('report-print').click();
            await page.getByTestId('paper').evaluate((sheet) => sheet.scrollTo(0, 9999));
            await page.waitForTimeout(700);
        },
    },
    {
        name: 'shift',
        play: async (page) => {
            await openShift(page);
            await page.getByTestId('nav-shift').click();
            await page.getByTestId('count').waitFor();
        },
    },
    {
        name: 'day-z-by-hand',
        wishes: '&training=0',
        play: async (page) => {
            await paid(page);
            await page.evaluate(() => window.__fake.refundFate({ state: 'closed' }, 60));
            await give(page, 'lines');
            await approve(page);
            await page.getByTestId('refund-settle').waitFor();
            await page.evaluate(() =>
                window.__fake.reports((reports) => {
                    reports.bill = 'by_hand';
                }),
            );
            await page.getByTestId('nav-day').click();
            await page.getByTestId('paper-given-up').scrollIntoViewIfNeeded();
        },
    },
    {
        name: 'day-z-explained',
        wishes: '&training=0',
        play: async (page) => {
            await page.evaluate(() =>
                window.__fake.reports((reports) => {
                    reports.bill = 'by_hand';
                }),
            );
            await page.getByTestId('nav-day').click();
            await page.getByTestId('z-older').click();
            await page.getByTestId('paper-unexplained').waitFor();
        },
    },
    {
        name: 'day-notice',
        play: async (page) => {
            await page.evaluate(() => {
                window.__fake.bill('differences');
                window.__fake.waiting(2, 1);
            });
            await page.getByTestId('nav-day').click();
            await page.getByTestId('difference-0').waitFor();
        },
    },
    {
        name: 'day-z-not-printed',
        wishes: '&training=0',
        play: async (page) => {
            await page.evaluate(() =>
                window.__fake.reports((reports) => {
                    reports.printer = { outcome: 'not_sent', why: 'connection refused' };
                }),
            );
            await page.getByTestId('nav-day').click();
            await page.getByTestId('close-day').click();
            await page.getByTestId('close-ok').click();
            await page
                .getByTestId('report-print')
                .getByText(/再|again/)
                .waitFor();
        },
    },
    {
        name: 'day-z-list',
        wishes: '&training=0',
        play: async (page) => {
            await page.getByTestId('nav-day').click();
            await page.getByTestId('look-z').click();
            await page.getByTestId('z-146').waitFor();
        },
    },
    {
        name: 'day-empty',
        play: async (page) => {
            await page.getByTestId('nav-day').click();
            await page.getByTestId('day-input').fill('2099-01-01');
            await page.keyboard.press('Enter');
            await page.waitForTimeout(400);
        },
    },
    ...(['same', 'differences', 'too_early', 'waiting', 'out_of_reach'] as const).map((stage) => ({
        name: `day-bill-${stage}`,
        play: async (page: Page) => {
            await page.evaluate((bill) => window.__fake.bill(bill), stage);
            await page.getByTestId('nav-day').click();
            await page.getByTestId('bill-state').waitFor();
            await page.waitForTimeout(300);
        },
    })),
    {
        name: 'day-difference',
        play: async (page) => {
            await page.evaluate(() => window.__fake.bill('differences'));
            await page.getByTestId('nav-day').click();
            await page.getByTestId('difference-look-0').click();
            await page.getByTestId('note-text').fill('顾客第二天来取货，已交付');
            await page.getByTestId('note-save').click();
            await page.waitForTimeout(300);
        },
    },
    {
        name: 'day-bill-wrong-file',
        play: async (page) => {
            await page.getByTestId('nav-day').click();
            await page.getByTestId('bill-file').setInputFiles({
                name: '商品表.csv',
                mimeType: 'text/csv',
                buffer: Buffer.from('品名,价格\n'),
            });
            await page.getByTestId('bill-import-result').waitFor();
        },
    },
];
