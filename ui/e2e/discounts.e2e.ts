/** Prices lowered in a real browser: by a new price, by an amount off, past the limit of the house, and what tells of it. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { visit, visitForEachTest } from './visit';

visitForEachTest();

const text = (page: Page, testid: string) => page.getByTestId(testid).innerText();

/** Three waters at ¥2.00 in one line. */
async function withWaters(): Promise<Page> {
    const page = await visit.till();
    for (let piece = 0; piece < 3; piece += 1) await page.getByTestId('tile-1').click();
    return page;
}

async function lower(page: Page, mode: 'each' | 'off', typed: string): Promise<void> {
    await page.keyboard.press('/');
    await page.getByTestId(`reprice-${mode}`).click();
    await page.keyboard.type(typed);
    await page.keyboard.press('Enter');
    await page.getByTestId('reprice-dialog').waitFor({ state: 'detached' });
}

it('is lowered by keys alone within the limit, and both prices are shown to both sides', async () => {
    const page = await withWaters();
    const customer = await visit.customer();
    await lower(page, 'each', '1.8');
    await expect.poll(() => text(page, 'cart-total'), { message: 'three at 1.80' }).toBe('¥5.40');
    expect(await text(page, 'reduced'), 'the list price and what was taken off').toContain('¥2.00');
    expect(await text(page, 'cart-off'), 'and all that was taken off').toContain('¥0.60');
    await expect
        .poll(() => text(customer, 'customer-total'), { message: 'the customer is asked the same' })
        .toBe('¥5.40');
    expect(await text(customer, 'reduced'), 'and sees what it would be').toContain('¥2.00');
    await page.keyboard.press('/');
    await page.getByTestId('reprice-list').click();
    await expect
        .poll(() => text(page, 'cart-total'), { message: 'the list price is asked again' })
        .toBe('¥6.00');
    expect(await page.getByTestId('reduced').count(), 'and nothing is struck out').toBe(0);
});

it('is shared by the pieces to the fen when an amount comes off', async () => {
    const page = await withWaters();
    await lower(page, 'off', '0.5');
    await expect.poll(() => text(page, 'cart-total'), { message: 'just that comes off' }).toBe('¥5.50');
    const lines = page.locator('[data-testid^=cart-line-]');
    expect(await lines.count(), 'three pieces can not share 0.50: two lines, a fen apart').toBe(2);
    expect(await lines.nth(0).innerText()).toContain('¥1.83');
    expect(await lines.nth(1).innerText()).toContain('¥1.84');
});

it('says beforehand what is no lower price', async () => {
    const page = await withWaters();
    await page.keyboard.press('/');
    const ok = page.getByTestId('reprice-ok');
    expect(await ok.isDisabled(), 'nothing is typed yet').toBe(true);
    await page.keyboard.type('2.01');
    expect(await ok.isDisabled(), 'above the list price').toBe(true);
    await page.getByTestId('reprice-off').click();
    await page.keyboard.type('6.01');
    expect(await ok.isDisabled(), 'more than the line comes to').toBe(true);
    await page.getByTestId('reprice-percent-10').click();
    expect(await page.getByTestId('reprice-input').inputValue(), 'a tenth of three waters').toBe('0.60');
    expect(await text(page, 'reprice-after'), 'and what is left').toBe('¥5.40');
});

it('needs a yes past the limit, which holds for just these pieces', async () => {
    const page = await withWaters();
    await page.keyboard.press('/');
    await page.keyboard.type('1.5');
    await page.keyboard.press('Enter');
    await page.getByTestId('approval').waitFor();
    await page.getByTestId('approval-no').click();
    expect(await text(page, 'cart-total'), 'without it nothing changes').toBe('¥6.00');
    await page.keyboard.press('/');
    await page.keyboard.type('1.5');
    await page.keyboard.press('Enter');
    await page.getByTestId('approval-yes').click();
    await expect
        .poll(() => text(page, 'cart-total'), { message: 'with it the price is lowered' })
        .toBe('¥4.50');
    await page.keyboard.press('+');
    await expect
        .poll(() => page.getByTestId('notice').count(), { message: 'a fourth piece is refused in words' })
        .toBe(1);
    expect(await text(page, 'cart-total'), 'and not sold at that price').toBe('¥4.50');
    await page.getByTestId('tile-1').click();
    await expect
        .poll(() => text(page, 'cart-total'), { message: 'one more is at the list price' })
        .toBe('¥6.50');
});

it('is told by the order and by the X, and a gift alone can not be paid', async () => {
    const page = await visit.till();
    await page.getByTestId('nav-day').click();
    const sold = await text(page, 'paper-gross');
    expect(await page.getByTestId('paper-discounts').count(), 'nothing was taken off yet').toBe(0);
    await page.getByTestId('nav-sell').click();
    await page.getByTestId('tile-1').click();
    await page.keyboard.press('/');
    await page.keyboard.type('0');
    await page.keyboard.press('Enter');
    await page.getByTestId('approval-yes').click();
    await expect.poll(() => text(page, 'cart-total')).toBe('¥0.00');
    expect(await page.getByTestId('pay').isDisabled(), 'there is nothing to take').toBe(true);
    await page.getByTestId('tile-6').click();
    await page.getByTestId('pay').click();
    await page.getByTestId('qr').waitFor();
    await page.evaluate(() => window.__fake.pay());
    await page.getByTestId('record').click();
    expect(await text(page, 'reduced'), 'the record of the order has the list price').toContain('¥2.00');
    await page.getByTestId('nav-day').click();
    await expect.poll(() => page.getByTestId('paper-discounts').count()).toBe(1);
    expect(await text(page, 'paper-discounts'), 'the X has what was taken off').toBe('−2.00');
    const fen = (yuan: string) => Number(yuan.replaceAll(/[,.]/g, ''));
    const after = fen(await text(page, 'paper-gross'));
    expect(after, 'what was sold is what was asked').toBe(fen(sold) + 1580);
    expect(fen(await text(page, 'paper-at-list')), 'and the list prices stand over it').toBe(after + 200);
    expect(await text(page, 'paper'), 'with what was out of the ordinary').toContain('超限折扣');
});
