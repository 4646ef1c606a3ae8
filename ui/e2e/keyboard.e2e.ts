/** Keys at the edges: behind dialogs, on a button that has the focus, from a scanner into a PIN, from an input method. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { approve, give, openShift, paid, ring, scan } from './scene';
import { visit, visitForEachTest } from './visit';

visitForEachTest();

const text = (page: Page, testid: string) => page.getByTestId(testid).innerText();

it('takes no product by its number while a dialog is open', async () => {
    const page = await visit.till();
    await ring(page, 5);
    const before = await text(page, 'cart-total');
    await page.keyboard.press('/');
    await page.getByTestId('reprice-percent-10').waitFor();
    await page.keyboard.press('Alt+1');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Alt+2');
    await expect
        .poll(() => page.locator('[data-testid^="cart-line-"]').count(), {
            message: 'the one after the dialog only',
        })
        .toBe(2);
    expect(await text(page, 'cart-total'), 'and that one costs something').not.toBe(before);
});

it('presses by Enter the button that has the focus, not the one that takes the cash', async () => {
    const page = await visit.till();
    await ring(page, 1);
    await page.getByTestId('cash').click();
    await page.getByTestId('tendered').fill('50');
    const quick = page.getByTestId(/^quick-/).first();
    const sum = ((await quick.getAttribute('data-testid')) ?? '').replace('quick-', '');
    await quick.focus();
    await page.keyboard.press('Enter');
    await expect
        .poll(() => page.getByTestId('tendered').inputValue(), { message: 'the quick amount was pressed' })
        .toBe((Number(sum) / 100).toFixed(2));
    expect(await page.getByTestId('cash-view').count(), 'and nothing was taken').toBe(1);
});

it('tells a refusal inside the dialog that is open', async () => {
    const page = await visit.till();
    await ring(page, 20);
    await page.getByTestId('price-input').fill('5');
    await scan(page, '6901234500000');
    const notice = page.getByTestId('dialog-notice');
    await notice.waitFor();
    expect(await notice.getAttribute('role'), 'and aloud').toBe('alert');
    await page.keyboard.press('Escape');
    await page.getByTestId('notice').waitFor();
});

it('takes no digits of a scanner into a PIN', async () => {
    const page = await visit.till();
    await page.getByTestId('nav-settings').click();
    await page.getByTestId('add-user').click();
    await page.getByTestId('user-name').fill('李娜');
    await page.getByTestId('user-pin').fill('2468');
    await page.getByTestId('user-pin-again').fill('2468');
    await page.getByTestId('user-save').click();
    await page.getByTestId('user-dialog').waitFor({ state: 'detached' });
    const dots = page.getByTestId('pin-dots');
    if ((await dots.count()) === 0) await page.keyboard.press('Control+L');
    await dots.waitFor();
    await scan(page, '6901234500000');
    await expect
        .poll(() => dots.locator('.full').count(), { message: 'the PIN is as empty as before' })
        .toBe(0);
    await page.keyboard.type('24');
    expect(await dots.locator('.full').count(), 'and takes what is typed by hand').toBe(2);
});

it('marks what is no amount instead of making another of it', async () => {
    const page = await visit.till();
    await ring(page, 20);
    const field = page.getByTestId('price-input');
    await field.pressSequentially('12,50');
    expect(
        [await field.inputValue(), await field.getAttribute('aria-invalid')],
        'not 1,250 yuan, and said to be wrong',
    ).toEqual(['12,50', 'true']);
    await field.fill('１２。５０');
    expect(
        [await field.inputValue(), await field.getAttribute('aria-invalid')],
        'full width from an input method is what it means',
    ).toEqual(['12.50', 'false']);
    await page.keyboard.press('Enter');
    await expect.poll(() => text(page, 'cart-total'), { message: 'rung up' }).toBe('¥12.50');
});

it('takes a part of a refund by the keypad alone', async () => {
    const page = await visit.till();
    await paid(page);
    await give(page, 'amount');
    await page.getByTestId('refund-amount').fill('');
    for (const key of ['3', '.', '5']) await page.getByRole('button', { name: key, exact: true }).click();
    await approve(page);
    await expect
        .poll(() => page.locator('main').innerText(), { message: 'three and a half are on their way back' })
        .toContain('3.50');
});

it('lets the second half of a press not end the change', async () => {
    const page = await visit.till();
    await openShift(page);
    await ring(page, 1);
    await page.getByTestId('cash').click();
    await page.getByTestId('tendered').fill('50');
    await page.evaluate(async () => {
        const enter = () =>
            document.activeElement?.dispatchEvent(
                new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }),
            );
        enter();
        while (document.querySelector('[data-testid="cash-paid"]') === null)
            await new Promise((soon) => requestAnimationFrame(soon));
        enter();
    });
    await expect
        .poll(() => page.getByTestId('paid-change').count(), { message: 'the change stays to be read' })
        .toBe(1);
});
