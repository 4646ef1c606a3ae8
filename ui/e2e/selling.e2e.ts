/** Drives the pages with the invented till in a real browser, under the content rules of the desktop shell. */
import jsQR from 'jsqr';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { scan } from './scene';
import { shop, visit, visitForEachTest } from './visit';

visitForEachTest();

async function charge(page: Page, ...tiles: number[]): Promise<string> {
    for (const tile of tiles) await page.getByTestId(`tile-${tile}`).click();
    await page.getByTestId('pay').click();
    await page.getByTestId('qr').waitFor();
    return page.getByTestId('order-no').innerText();
}

/** Reads the QR code from the pixels on the screen, as a phone would. */
async function readQr(place: Locator): Promise<string | undefined> {
    await place.page().bringToFront();
    const picture = (await place.screenshot()).toString('base64');
    const { pixels, width, height } = await place.page().evaluate(async (data) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext('2d')!;
        context.drawImage(image, 0, 0);
        const { data: bytes, width, height } = context.getImageData(0, 0, image.width, image.height);
        return { pixels: [...bytes], width, height };
    }, picture);
    return jsQR(Uint8ClampedArray.from(pixels), width, height)?.data;
}

const number = (page: Page) => page.evaluate(() => window.__fake.till.placed);

describe('a sale', () => {
    it('goes from the cart over the QR code to paid and back by itself', async () => {
        const page = await visit.till();
        const customer = await visit.customer();
        await page.getByTestId('tile-1').click();
        await page.getByTestId('tile-1').click();
        await page.getByTestId('tile-6').click();
        expect(await page.getByTestId('cart-total').innerText(), 'two waters and dumplings').toBe('¥19.80');
        await expect.poll(() => customer.getByTestId('customer-total').innerText()).toBe('¥19.80');

        await page.getByTestId('pay').click();
        await page.getByTestId('qr').waitFor();
        expect(await page.getByTestId('amount').innerText(), 'the pay view asks for the same').toBe('¥19.80');
        const wanted = await page.evaluate(() => window.__fake.till.front?.codeUrl);
        expect(await readQr(page.getByTestId('qr')), 'the QR on the till reads as the order').toBe(wanted);
        expect(await readQr(customer.getByTestId('customer-qr')), 'so does the one for the customer').toBe(
            wanted,
        );

        await page.evaluate(() => window.__fake.pay('notify'));
        await page.getByTestId('paid-amount').waitFor();
        expect(await page.getByTestId('paid-amount').innerText(), 'the amount that was paid').toBe('¥19.80');
        expect(await page.getByTestId('spoken').innerText(), 'a screen reader interrupts').toContain(
            '¥19.80',
        );
        await customer.locator('[data-stage=paid]').waitFor();
        expect(await customer.getByTestId('customer-qr').count(), 'no QR stays with the customer').toBe(0);

        await page.getByTestId('search').waitFor({ timeout: 7000 });
        expect(await page.getByTestId('cart-total').innerText(), 'the next sale begins empty').toBe('¥0.00');
    });

    it('is placed once by a double click', async () => {
        const page = await visit.till();
        await page.getByTestId('tile-5').click();
        await page.getByTestId('pay').dblclick();
        await page.getByTestId('qr').waitFor();
        expect(await number(page), 'two clicks are one intent').toBe(1);
        await page.waitForTimeout(600);
        expect(await page.getByTestId('cancel-yes').count(), 'the second click cancels nothing').toBe(0);
    });

    it('can be made with the keyboard alone', async () => {
        const page = await visit.till();
        await page.keyboard.type('kkkl', { delay: 60 });
        await page.getByText('可口可乐 330ml').waitFor();
        await page.waitForTimeout(150);
        await page.keyboard.press('Enter');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥3.00');
        expect(await page.getByTestId('search').inputValue(), 'the search is empty again').toBe('');
        await page.keyboard.press('+');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥6.00');
        await page.keyboard.press('*');
        await page.keyboard.type('12');
        await page.keyboard.press('Enter');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥36.00');
        await page.keyboard.press('Alt+3');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥42.00');
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('Delete');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥6.00');
        await page.keyboard.press('F12');
        await page.getByTestId('qr').waitFor();
        await page.keyboard.press('F7');
        await page.getByTestId('badge').waitFor();
        expect(await page.getByTestId('search').count(), 'the next customer can be served').toBe(1);
    });

    it('takes an open price to the fen', async () => {
        const page = await visit.till();
        await page.getByTestId('tile-20').click();
        await page.keyboard.type('19.99');
        await page.keyboard.press('Enter');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥19.99');
    });

    it('cannot be made of an empty cart or with a broken disk, and says why', async () => {
        const page = await visit.till();
        expect(await page.getByTestId('pay').isDisabled(), 'there is nothing to pay').toBe(true);
        await page.keyboard.press('F12');
        await page.getByTestId('tile-1').click();
        await page.evaluate(() => window.__fake.diskTrouble());
        expect(await page.getByTestId('pay').isDisabled(), 'nothing can be saved').toBe(true);
        await page.getByTestId('lamp-disk').waitFor();
        await page.keyboard.press('F12');
        expect(await number(page), 'the key is as closed as the button').toBe(0);
    });
});

describe('the scanner', () => {
    it('rings up wherever the focus is and leaves no digits behind', async () => {
        const page = await visit.till();
        await page.getByTestId('search').fill('茶');
        await scan(page, '6901234500000');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥2.00');
        expect(await page.getByTestId('search').inputValue(), 'what was typed is still there').toBe('茶');

        await page.getByTestId('clear').focus();
        await scan(page, '6901234500000');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥4.00');
        expect(await page.getByTestId('search').inputValue(), 'nor does the search get digits').toBe('茶');

        await page.getByTestId('nav-orders').click();
        await page.getByTestId('order-search').click();
        await scan(page, '6901234500001');
        await expect.poll(() => page.getByTestId('cart-total').innerText()).toBe('¥7.00');
    });

    it('says so when a barcode is unknown', async () => {
        const page = await visit.till();
        await scan(page, '4006381333931');
        await page.getByTestId('notice').waitFor();
        expect(await page.getByTestId('notice').innerText(), 'with the code it read').toContain(
            '4006381333931',
        );
    });

    it('never answers a dialog that asks for money', async () => {
        const page = await visit.till();
        await page.getByTestId('tile-20').click();
        await page.getByTestId('price-input').fill('5');
        await scan(page, '6901234500000');
        // What lies on the page is behind the dialog.
        await page.getByTestId('dialog-notice').waitFor();
        expect(await page.getByTestId('price-input').inputValue(), 'the amount is as it was typed').toBe('5');
        expect(await page.getByTestId('price-dialog').count(), 'the dialog still asks').toBe(1);
        await page.keyboard.press('Escape');
        expect(await page.getByTestId('cart-total').innerText(), 'nothing was rung up').toBe('¥0.00');
    });

    it('is not taken for a new item while a payment is open', async () => {
        const page = await visit.till();
        await charge(page, 1);
        await scan(page, '6901234500000');
        await page.getByTestId('notice').waitFor();
        expect(await page.getByTestId('qr').count(), 'the payment stays in front').toBe(1);
    });
});

describe('a payment', () => {
    it('asks before it is cancelled and shows no QR from then on', async () => {
        const page = await visit.till();
        const customer = await visit.customer();
        await charge(page, 1);
        await customer.getByTestId('customer-qr').waitFor();
        await page.keyboard.press('Escape');
        await page.getByTestId('cancel-yes').waitFor();
        await page.keyboard.press('Escape');
        await page.getByTestId('cancel-yes').waitFor({ state: 'detached' });
        expect(await page.getByTestId('qr').count(), 'keeping on waiting keeps the QR').toBe(1);

        await page.getByTestId('cancel').click();
        await page.getByTestId('cancel-yes').click();
        await page.locator('[data-testid=state][data-state=closing]').waitFor();
        expect(await page.getByTestId('qr').count(), 'the QR is gone from the till').toBe(0);
        await customer.getByTestId('customer-qr').waitFor({ state: 'detached' });

        await page.evaluate(() => window.__fake.pay());
        await page.getByTestId('paid-amount').waitFor();
    });

    it('that was paid while the cancel dialog was open closes the dialog', async () => {
        const page = await visit.till();
        await charge(page, 1);
        await page.keyboard.press('Escape');
        await page.getByTestId('cancel-yes').waitFor();
        await page.evaluate(() => window.__fake.pay());
        await page.getByTestId('paid-amount').waitFor();
        expect(await page.locator('dialog[open]').count(), 'there is nothing to cancel any more').toBe(0);
    });

    it('moves nothing when its state changes', async () => {
        const page = await visit.till();
        await charge(page, 1, 6);
        const places = () =>
            page.evaluate(() =>
                ['order-no', 'amount', 'last-check', 'money', 'background'].map((id) => {
                    const box = document.querySelector(`[data-testid=${id}]`)!.getBoundingClientRect();
                    return [id, Math.round(box.left), Math.round(box.top)].join(' ');
                }),
            );
        const before = await places();
        const changes = ['userPaying', 'placingUnknown', 'placing', 'closing'] as const;
        for (const locale of ['zh-CN', 'en'] as const) {
            await page.evaluate((wanted) => window.__fake.locale(wanted), locale);
            for (const change of changes) {
                await page.evaluate((name) => window.__fake[name](), change);
                expect(await places(), `${change} in ${locale} leaves all in its place`).toEqual(before);
            }
        }
    });

    it('goes on in the background and is told of when it is paid there', async () => {
        const page = await visit.till();
        const first = await charge(page, 1);
        await page.getByTestId('background').click();
        const second = await charge(page, 5);
        await page.getByTestId('background').click();
        await page.getByTestId('badge').click();
        await page.getByTestId(`waiting-${second}`).waitFor();
        await page.getByTestId(`waiting-${first}`).click();
        await expect.poll(() => page.getByTestId('order-no').innerText()).toBe(first);
        await page.getByTestId('background').click();
        expect(await page.getByTestId('badge').innerText(), 'both wait').toContain('未了结 2');

        await page.evaluate((outTradeNo) => window.__fake.pay('query', outTradeNo), second);
        await page.getByTestId(`settled-${second}`).waitFor();
        expect(await page.getByTestId(`settled-${second}`).innerText(), 'what, and how much').toMatch(
            /已收款\s*¥12\.00/,
        );
        expect(
            await page.getByTestId('spoken-settled').innerText(),
            'a screen reader says the same',
        ).toContain('¥12.00，已收款');
        expect(
            await page.getByTestId('badge').innerText(),
            'it is listed until somebody has looked, and not as waiting',
        ).toContain('未了结 1 · 已了结 1');
        await page.getByTestId('badge').click();
        expect(await page.getByTestId(`waiting-${second}`).innerText(), 'the list says so too').toContain(
            '已收款',
        );
        await page.keyboard.press('Escape');
        await page.getByTestId(`settled-${second}`).getByRole('button').last().click();
        await expect.poll(() => page.getByTestId('badge').innerText()).not.toContain('已了结');
    });

    it('of another customer’s is not shown on the customer display', async () => {
        const page = await visit.till();
        const customer = await visit.customer();
        await page.bringToFront();
        const first = await charge(page, 5);
        await page.getByTestId('background').click();
        await page.getByTestId('tile-1').click();
        await customer.locator('[data-stage=cart]').waitFor();
        await page.evaluate((outTradeNo) => window.__fake.pay('query', outTradeNo), first);
        await page.getByTestId('badge').click();
        await page.getByTestId(`waiting-${first}`).click();
        await page.getByTestId('paid-amount').waitFor();
        expect(
            await customer.getByTestId('customer-stage').getAttribute('data-stage'),
            'whoever stands there sees their own goods',
        ).toBe('cart');
    });

    it('shows no code once its time is up, in neither window', async () => {
        const page = await visit.till();
        const customer = await visit.customer();
        await page.bringToFront();
        await charge(page, 1);
        await customer.getByTestId('customer-qr').waitFor();
        await page.evaluate(() => window.__fake.deadlineIn(2));
        await page.getByTestId('qr').waitFor({ state: 'detached' });
        expect(await page.getByTestId('time-left').innerText(), 'the time is up').toBe('00:00');
        await customer.locator('[data-stage=wait]').waitFor();
        expect(await customer.getByTestId('customer-qr').count(), 'nor on the customer display').toBe(0);
    });

    it('counts down by the till’s time when the machine’s clock is turned back', async () => {
        const page = await visit.till();
        await charge(page, 1);
        await page.evaluate(() => {
            const real = Date.now;
            Date.now = () => real() - 3_600_000;
        });
        await expect
            .poll(() => page.getByTestId('time-left').innerText(), {
                message: 'less than the half hour, and not an hour more',
            })
            .toMatch(/^29:5\d$/);
        await page.evaluate(() => window.__fake.clockWrong());
        await page.getByTestId('clock-wrong').waitFor();
    });

    it('that needs a decision is conspicuous on every page', async () => {
        const page = await visit.till();
        const order = await charge(page, 1);
        await page.getByTestId('background').click();
        await page.getByTestId('nav-day').click();
        await page.evaluate((outTradeNo) => window.__fake.review('paid_twice', outTradeNo), order);
        await page.getByTestId('review-banner').waitFor();
        await page.getByTestId('review-banner').getByRole('button').click();
        await page.locator('[data-testid=state][data-state=review]').waitFor();
    });

    it('of doubtful state can be paid again with a new QR code', async () => {
        const page = await visit.till();
        const first = await charge(page, 1);
        await page.evaluate(() => window.__fake.closed());
        await page.getByTestId('pay-again').click();
        await page.getByTestId('qr').waitFor();
        expect(await page.getByTestId('order-no').innerText(), 'under a number of its own').not.toBe(first);
    });
});

describe('the pages', () => {
    it('change their language without being loaded again', async () => {
        const page = await visit.till();
        await page.evaluate(() => Object.assign(window, { stayed: true }));
        expect(await page.getByTestId('nav-sell').innerText(), 'Chinese at first').toContain('收银');
        await page.getByTestId('locale').click();
        await expect.poll(() => page.getByTestId('nav-sell').innerText()).toContain('Sell');
        await page.getByTestId('nav-settings').click();
        await page.getByTestId('locale-zh-CN').click();
        await expect.poll(() => page.getByTestId('nav-sell').innerText()).toContain('收银');
        expect(await page.evaluate(() => 'stayed' in window), 'the page is the same one').toBe(true);
    });

    it('show an order with all its evidence', async () => {
        const page = await visit.till();
        const order = await charge(page, 6);
        await page.evaluate(() => window.__fake.pay('notify'));
        await page.getByTestId('record').click();
        await page.getByTestId(`order-row-${order}`).waitFor();
        const evidence = page.getByTestId('evidence-row');
        await evidence.first().locator('summary').click();
        expect(await evidence.first().innerText(), 'the request as it was sent').toContain(
            `<out_trade_no>${order}</out_trade_no>`,
        );
        await page.getByTestId('order-search').fill(order.slice(-4));
        await expect.poll(() => page.locator('[data-testid^=order-row-]').count()).toBe(1);
    });

    it('open the settings by themselves when the till cannot sell', async () => {
        const page = await visit.till();
        await page.evaluate(() =>
            window.__fake.problem({
                code: 'config_wrong',
                subject: '[wechat] api_key',
                detail: 'expected 32 characters',
                example: 'api_key = "…"',
            }),
        );
        await page.getByTestId('problem').waitFor();
        expect(await page.getByTestId('problem').innerText(), 'with a line that would be right').toContain(
            'api_key = "…"',
        );
        await page.getByTestId('reload').click();
        await page.getByTestId('search').waitFor();
    });

    it('read a product list saved by a Chinese spreadsheet', async () => {
        const page = await visit.till();
        await page.getByTestId('nav-settings').click();
        // "name,barcode,price" and a row that begins with two characters in GB 18030.
        const bytes = Buffer.concat([
            Buffer.from('name,barcode,price\n'),
            Buffer.from([0xb2, 0xe8, 0xd2, 0xb6]),
            Buffer.from(',1,x\n'),
        ]);
        await page
            .getByTestId('import-file')
            .setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: bytes });
        await page.getByTestId('import-result').waitFor();
        expect(await page.getByTestId('import-result').innerText(), 'the row is named').toContain('2');
    });

    it('show the largest amount whole', async () => {
        const sized = await shop.visit({ width: 1280, height: 720 });
        const page = await sized.till();
        const customer = await sized.customer(1024, 600);
        await page.bringToFront();
        await page.getByTestId('tile-20').click();
        await page.getByTestId('price-input').fill('999999.99');
        await page.keyboard.press('Enter');
        const whole = (place: Locator) =>
            place.evaluate((span) => {
                const box = span.getBoundingClientRect();
                const room = span.parentElement!.getBoundingClientRect();
                return box.left >= room.left - 1 && box.right <= room.right + 1 && span.textContent;
            });
        await expect.poll(() => page.getByTestId('pay').innerText()).toContain('¥999,999.99');
        const label = page.getByTestId('pay').locator('.label');
        expect(
            await label.evaluate((span) => span.scrollWidth <= span.clientWidth),
            'the button shows all of it',
        ).toBe(true);
        await page.getByTestId('pay').click();
        await page.getByTestId('qr').waitFor();
        expect(await whole(page.getByTestId('amount')), 'the pay view').toBe('¥999,999.99');
        await customer.getByTestId('customer-qr').waitFor();
        expect(await whole(customer.getByTestId('customer-amount')), 'the customer').toBe('¥999,999.99');
        await page.evaluate(() => window.__fake.pay());
        await page.getByTestId('paid-amount').waitFor();
        expect(await whole(page.getByTestId('paid-amount')), 'the paid view').toBe('¥999,999.99');
        await sized.close();
    });

    it.each([
        [1280, 720],
        [1366, 768],
        [1920, 1080],
    ])('fit into %d × %d', async (width, height) => {
        const sized = await shop.visit({ width, height });
        const page = await sized.till('?locale=en');
        await page.evaluate(() => {
            window.__fake.waiting(3, 1);
            window.__fake.unstable();
            window.__fake.clockWrong();
            window.__fake.diskTrouble();
        });
        const fits = () =>
            page.evaluate(() => {
                const { scrollWidth, clientWidth } = document.documentElement;
                const header = document.querySelector('header')!;
                return scrollWidth <= clientWidth && header.scrollWidth <= header.clientWidth;
            });
        for (const view of ['sell', 'orders', 'day', 'settings']) {
            await page.getByTestId(`nav-${view}`).click();
            expect(await fits(), `${view} needs no more than the window's width`).toBe(true);
        }
        await sized.close();
    });

    it('give every button a size that a finger meets', async () => {
        const page = await visit.till();
        const small = () =>
            page.evaluate(() =>
                [...document.querySelectorAll('button')]
                    .filter((button) => button.checkVisibility() && button.dataset.testid !== 'open-phone')
                    .map((button) => [button.textContent, button.getBoundingClientRect()] as const)
                    .filter(([, box]) => box.width < 44 || box.height < 44)
                    .map(([text]) => text),
            );
        expect(await small(), 'selling').toEqual([]);
        for (const view of ['orders', 'day', 'settings']) {
            await page.getByTestId(`nav-${view}`).click();
            expect(await small(), view).toEqual([]);
        }
        await page.getByTestId('nav-sell').click();
        await charge(page, 1);
        expect(await small(), 'paying').toEqual([]);
    });
});
