/** How the pages tell of notifies: the lamp, the words, the test message; with the invented till in a real browser. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { visit, visitForEachTest } from './visit';

visitForEachTest();

/** Everything that can happen to the notifies, in the order in which it may. */
const HAPPENINGS = {
    connecting: () => window.__fake.notify((notify) => notify.connecting()),
    up: () => window.__fake.notify((notify) => notify.up()),
    heard: () => window.__fake.notify((notify) => notify.up(new Date().toISOString())),
    broken: () =>
        window.__fake.notify((notify) => {
            notify.up();
            notify.callbackBroken(4);
        }),
    unusable: () =>
        window.__fake.notify((notify) =>
            notify.letter({
                at: new Date().toISOString(),
                outTradeNo: 'T01-261123-000147-K3Q9',
                reason: 'unknown_order',
            }),
        ),
    down: () => window.__fake.notify((notify) => notify.down()),
    taken: () => window.__fake.notify((notify) => notify.down('queue_taken')),
} as const;

const lamp = (page: Page) => page.getByTestId('lamp-notify').innerText();

describe('the notify lamp', () => {
    it('says in both languages how notifies come, and moves nothing', async () => {
        const page = await visit.till();
        const places = () =>
            page.evaluate(() =>
                [...document.querySelectorAll('header > *, header nav > *, [data-testid=lamp-wechat]')].map(
                    (element) => {
                        const box = element.getBoundingClientRect();
                        return [element.className, Math.round(box.left), Math.round(box.width)].join(' ');
                    },
                ),
            );
        const words = {
            'zh-CN': {
                connecting: '通知 连接中',
                up: '通知 已连接',
                heard: /^通知 已连接 \d\d:\d\d$/,
                broken: '通知 收不到',
                unusable: '通知 1 条无法使用',
                down: /^通知 \d\d:\d\d 起断开$/,
                taken: '通知 编号重复',
            },
            en: {
                connecting: 'Notify: connecting',
                up: 'Notify: on',
                heard: /^Notify: on, last \d\d:\d\d$/,
                broken: 'Notify: none arrive',
                unusable: 'Notify: 1 unusable',
                down: /^Notify: down since \d\d:\d\d$/,
                taken: 'Notify: till id in use',
            },
        } as const;
        for (const locale of ['zh-CN', 'en'] as const) {
            await page.evaluate((wanted) => window.__fake.locale(wanted), locale);
            const before = await places();
            for (const [name, happen] of Object.entries(HAPPENINGS)) {
                await page.evaluate(happen);
                await expect
                    .poll(() => lamp(page), { message: `${name} in ${locale}` })
                    .toMatch(words[locale][name as keyof typeof HAPPENINGS]);
                expect(await places(), `${name} in ${locale} moves nothing in the bar`).toEqual(before);
                const bar = await page
                    .locator('header')
                    .first()
                    .evaluate((header) => header.scrollWidth);
                expect(bar, `${name} in ${locale} fits into the bar`).toBeLessThanOrEqual(1366);
            }
        }
    });

    it('of a till whose id is used twice is a banner on every page as well', async () => {
        const page = await visit.till('?locale=en');
        await page.evaluate(HAPPENINGS.taken);
        await page.getByTestId('queue-taken').waitFor();
        expect(await page.getByTestId('queue-taken').innerText(), 'what to do next').toContain(
            'give each till an id of its own',
        );
        await page.getByTestId('queue-taken').getByRole('button', { name: 'Open settings' }).click();
        await page.getByTestId('notify-card').waitFor();
        await page.evaluate(HAPPENINGS.up);
        await expect
            .poll(() => page.getByTestId('queue-taken').count(), { message: 'gone when it is over' })
            .toBe(0);
    });
});

describe('the settings', () => {
    it('tell each end of a test message in words', async () => {
        const page = await visit.till('?locale=en');
        await page.evaluate(HAPPENINGS.up);
        await page.getByTestId('nav-settings').click();
        const place = () => page.getByTestId('probe').boundingBox();
        await page.getByTestId('probe').scrollIntoViewIfNeeded();
        const before = await place();
        const ends = {
            not_subscribed: 'not connected',
            relay_not_reached: 'Nobody answers at the notify address',
            not_a_relay: 'no callback service',
            relay_refused: 'refused it',
            not_back: 'did not come back within 5 seconds',
        } as const;
        for (const [probe, words] of Object.entries(ends)) {
            await page.evaluate((name) => {
                window.__fake.notify((notify) => {
                    notify.probe = { probe: name as 'not_back' };
                });
            }, probe);
            await page.getByTestId('probe').click();
            const answer = () => page.getByTestId('probe-answer').innerText();
            await expect.poll(answer, { message: `${probe} is told in words` }).toContain(words);
            expect(await place(), `${probe} moves nothing`).toEqual(before);
        }
        await page.evaluate(() =>
            window.__fake.notify((notify) => {
                notify.probe = { probe: 'back', millis: 37 };
            }),
        );
        await page.getByTestId('probe').click();
        await expect
            .poll(() => page.getByTestId('probe-answer').innerText(), {
                message: 'the time of a whole round',
            })
            .toContain('37 ms');
    });

    it('list what could not be used, until somebody has seen it', async () => {
        const page = await visit.till();
        await page.evaluate(HAPPENINGS.up);
        await page.evaluate(HAPPENINGS.unusable);
        await page.getByTestId('nav-settings').click();
        const letter = page.getByTestId('dead-letter');
        await letter.waitFor();
        expect(await letter.innerText(), 'the reason').toContain('账本里没有');
        expect(await letter.innerText(), 'and the order').toContain('T01-261123-000147-K3Q9');
        await page.getByTestId('letters-seen').click();
        await expect.poll(() => lamp(page), { message: 'the lamp is green again' }).toContain('已连接');
        expect(await letter.count(), 'the list stays').toBe(1);
    });

    it('offer no test where there is no broker', async () => {
        const page = await visit.till();
        await page.getByTestId('nav-settings').click();
        await page.getByTestId('notify-card').waitFor();
        expect(await page.getByTestId('probe').count(), 'there is nothing to test').toBe(0);
    });
});
