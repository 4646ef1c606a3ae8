/** Giving money back in a real browser: by line, by amount, all of it, and what to do when WeChat can't. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { visit, visitForEachTest } from './visit';

visitForEachTest();

async function charged(): Promise<Page> {
    const page = await visit.till();
    for (const tile of [1, 1, 6]) await page.getByTestId(`tile-${tile}`).click();
    await page.getByTestId('pay').click();
    await page.getByTestId('qr').waitFor();
    return page;
}

/** An order of three pieces, paid, with its record open. */
async function atPaidOrder(): Promise<Page> {
    const page = await charged();
    await page.evaluate(() => window.__fake.pay());
    await page.getByTestId('record').click();
    await page.getByTestId('refund-open').waitFor();
    return page;
}

const approve = (page: Page) => page.getByTestId('approval-yes').click();

it('gives pieces back, then the rest, and never more than was paid', async () => {
    const page = await atPaidOrder();
    await page.evaluate(() =>
        window.__fake.refundFate({ state: 'refunded', at: new Date().toISOString(), receivedBy: null }, 50),
    );
    await page.getByTestId('refund-open').click();
    const left = page.getByTestId('refund-left');
    const paid = await left.innerText();
    const submit = page.getByTestId('refund-submit');
    await page.getByTestId('refund-part-lines').click();
    expect(await submit.isDisabled(), 'no pieces are no refund').toBe(true);
    await page.getByTestId('refund-more-1').click();
    expect(await submit.isDisabled(), 'a refund has a reason').toBe(true);
    await page.getByTestId('refund-quick-faulty').click();
    await submit.click();
    await page.getByTestId('approval').waitFor();
    await approve(page);
    await page.getByTestId('refund-state').getByText('已退到顾客').waitFor();
    await page.getByTestId('refund-open').click();
    await page.getByTestId('refund-part-whole').waitFor();
    expect(await left.innerText(), 'what was given back is not left').not.toBe(paid);
    await page.getByTestId('refund-part-amount').click();
    await page.getByTestId('refund-amount').fill('99999');
    await page.getByTestId('refund-reason').fill('多收了');
    expect(await submit.isDisabled(), 'more than is left can not be asked for').toBe(true);
    await page.getByTestId('refund-part-whole').click();
    await submit.click();
    await approve(page);
    await page.getByTestId('refund-open').waitFor({ state: 'detached' });
    expect(await page.getByTestId('refunded').innerText(), 'all of it went back').toBe(paid);
});

it('asks for one refund however often it is pressed', async () => {
    const page = await atPaidOrder();
    await page.getByTestId('refund-open').click();
    await page.getByTestId('refund-reason').fill('不要了');
    await page.getByTestId('refund-submit').dblclick();
    await approve(page);
    await page.getByTestId('refund-dialog').waitFor({ state: 'detached' });
    const refunds = await page.evaluate(() => window.__fake.till.refunds.briefs().length);
    expect(refunds, 'two presses, one wish').toBe(1);
});

it('keeps a refund that needs a person on the list until it is settled with a note', async () => {
    const page = await atPaidOrder();
    await page.evaluate(() => window.__fake.refundFate({ state: 'needs_person', why: 'change' }, 50));
    await page.getByTestId('refund-open').click();
    await page.getByTestId('refund-quick-unwanted').click();
    await page.getByTestId('refund-submit').click();
    await approve(page);
    await page.getByTestId('refund-banner').waitFor();
    await page.getByTestId('nav-sell').click();
    await page.getByTestId('badge').click();
    await page.locator('[data-testid^="open-refund-"]').click();
    await page.getByTestId('refund-settle').click();
    const ok = page.getByTestId('refund-note-ok');
    expect(await ok.isDisabled(), 'settled by nothing is not settled').toBe(true);
    await page.getByTestId('refund-note-text').fill('现金退给顾客');
    await ok.click();
    await approve(page);
    await page.getByTestId('refund-banner').waitFor({ state: 'detached' });
    await page.getByText('现金退给顾客').waitFor();
    expect(await page.getByTestId('badge').count(), 'nothing is open any more').toBe(0);
});

it('sends a refused refund again or gives it up', async () => {
    const page = await atPaidOrder();
    await page.evaluate(() => window.__fake.refundFate({ state: 'refused', code: 'NOTENOUGH' }, 50));
    await page.getByTestId('refund-open').click();
    await page.getByTestId('refund-quick-unwanted').click();
    await page.getByTestId('refund-submit').click();
    await approve(page);
    await page.getByTestId('refund-again').waitFor();
    const card = page.locator('section[data-testid^="refund-T01"]');
    expect(await card.innerText(), 'why, in words').toContain('余额不足');
    await page.getByTestId('refund-withdraw').click();
    await approve(page);
    await page.getByTestId('refund-state').getByText('已放弃').waitFor();
    expect(await page.getByTestId('refunded').innerText(), 'no money went back').toContain('0.00');
});

it('offers the two ways out of a late payment', async () => {
    const page = await charged();
    await page.evaluate(() => window.__fake.review('paid_after_deadline'));
    await page.getByTestId('review-adopt').click();
    await approve(page);
    await page.locator('[data-testid="state"][data-state="paid"]').waitFor();
    await page.getByTestId('record').click();
    expect(await page.getByTestId('adopted').innerText(), 'it says why it was late').toContain('超时');
});

it('closes an order that no money came by', async () => {
    const page = await charged();
    await page.evaluate(() => window.__fake.review('paid_twice'));
    await page.getByTestId('review-give-back').waitFor();
    expect(await page.getByTestId('review-deny').count(), 'that money is there').toBe(0);
    await page.evaluate(() => window.__fake.review('not_confirmed'));
    await page.getByTestId('review-deny').click();
    await approve(page);
    await page.locator('[data-testid="state"][data-state="closing"]').waitFor();
    expect(await page.getByTestId('review-adopt').count(), 'it was decided').toBe(0);
});

it('gives a double payment back whole', async () => {
    const page = await charged();
    await page.evaluate(() => window.__fake.review('paid_twice'));
    await page.getByTestId('record').click();
    await page.getByTestId('review-give-back').click();
    await page.getByTestId('refund-quick-overcharged').click();
    await page.getByTestId('give-back-ok').click();
    await approve(page);
    await page.getByTestId('refund-state').waitFor();
    expect(await page.getByTestId('order-state').innerText(), 'it is no sale').toContain('已决定退还');
    expect(await page.getByTestId('review-adopt').count(), 'it was decided').toBe(0);
});

it('gives cash back out of the drawer: once, by line, and the sale stands among the orders', async () => {
    const page = await visit.till();
    for (const tile of [1, 1, 6]) await page.getByTestId(`tile-${tile}`).click();
    await page.getByTestId('cash').click();
    await page.getByTestId('cash-view').waitFor();
    // By keys: a press of a button right after the page has come is taken for the second half of a double click.
    await page.keyboard.type('100');
    await page.keyboard.press('Enter');
    await page.getByTestId('next').click();
    await page.getByTestId('nav-orders').click();
    await page.getByTestId('order-row-cash-1').click();
    expect(await page.getByTestId('cash-tendered').innerText(), 'what was handed over').toContain('100.00');
    await page.getByTestId('cash-refund-open').click();
    const left = page.getByTestId('refund-left');
    const kept = await left.innerText();
    const submit = page.getByTestId('refund-submit');
    await page.getByTestId('refund-part-lines').click();
    await page.getByTestId('refund-more-1').click();
    await page.getByTestId('refund-quick-faulty').click();
    expect(await submit.innerText(), 'where the money comes from').toContain('从钱箱退');
    await submit.dblclick();
    await approve(page);
    await page.getByTestId('cash-refund-1-R1').waitFor();
    expect(await page.locator('[data-testid^="cash-refund-1-R"]').count(), 'two presses, one refund').toBe(1);
    await page.getByTestId('order-row-cash-1').getByText('已退一部分').waitFor();
    await page.getByTestId('cash-refund-open').click();
    await page.getByTestId('refund-part-amount').waitFor();
    expect(await left.innerText(), 'what went back is not left').not.toBe(kept);
    await page.getByTestId('refund-reason').fill('不要了');
    await submit.click();
    await approve(page);
    await page.getByTestId('cash-refund-open').waitFor({ state: 'detached' });
    expect(await page.getByTestId('cash-refunded').innerText(), 'all of it went back').toBe(kept);
    await page.getByTestId('order-search').fill('#1');
    await page.getByTestId('order-row-cash-1').waitFor();
});

it('offers the two parts of a split sale each by itself', async () => {
    const page = await visit.till();
    for (const tile of [1, 1, 6]) await page.getByTestId(`tile-${tile}`).click();
    await page.getByTestId('cash').click();
    await page.getByTestId('cash-view').waitFor();
    await page.keyboard.type('1');
    await page.keyboard.press('F12');
    await page.getByTestId('qr').waitFor();
    await page.evaluate(() => window.__fake.pay());
    await page.getByTestId('record').click();
    await page.getByTestId('refund-open').waitFor();
    await page.getByTestId('cash-refund-open').click();
    expect(await page.getByTestId('refund-left').innerText(), 'the cash part alone').toContain('1.00');
    await page.getByTestId('refund-quick-unwanted').click();
    await page.getByTestId('refund-submit').click();
    await approve(page);
    await page.getByTestId('cash-refunded').waitFor();
    expect(await page.getByTestId('refund-open').count(), "WeChat's part is still there").toBe(1);
});
