/** The drawer in a real browser: opened for a reason, for cash by itself, and said in words where there is none. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { openShift } from './scene';
import { visit, visitForEachTest } from './visit';

visitForEachTest();

const text = (page: Page, testid: string) => page.getByTestId(testid).innerText();
const pulses = (page: Page) => page.evaluate(() => window.__fake.till.reports.pulses);

it('opens for a reason, by keys alone, and the X counts it', async () => {
    const page = await visit.till();
    await page.keyboard.press('F5');
    await page.getByTestId('drawer-dialog').waitFor();
    expect(await page.getByTestId('drawer-ok').isDisabled(), 'for no reason it stays shut').toBe(true);
    await page.keyboard.type('x');
    await page.keyboard.press('Enter');
    await page.getByTestId('drawer-dialog').waitFor({ state: 'detached' });
    expect(await pulses(page), 'the printer was told once').toBe(1);
    await page.getByTestId('nav-day').click();
    await page.getByTestId('paper').waitFor();
    expect(await text(page, 'paper'), 'and it is out of the ordinary').toContain('无销售开钱箱');
});

it('opens for cash by itself', async () => {
    const page = await visit.till();
    await page.getByTestId('tile-1').click();
    await page.getByTestId('cash').click();
    await page.getByTestId('cash-view').waitFor();
    await page.keyboard.type('5');
    await page.keyboard.press('Enter');
    await page.getByTestId('paid-change').waitFor();
    expect(await pulses(page), 'the change is in it').toBe(1);
});

it('needs a yes where the house wants one', async () => {
    const page = await visit.till();
    await page.evaluate(() => {
        const { staff } = window.__fake.till;
        staff.house = { ...staff.house, drawerNeedsManager: true };
    });
    await page.keyboard.press('F5');
    await page.getByTestId('drawer-often-change').click();
    await page.getByTestId('drawer-ok').click();
    await page.getByTestId('approval-no').click();
    expect(await pulses(page), 'without it the drawer stays shut').toBe(0);
    await page.getByTestId('drawer-ok').click();
    await page.getByTestId('approval-yes').click();
    await page.getByTestId('drawer-dialog').waitFor({ state: 'detached' });
    expect(await pulses(page), 'with it it opens').toBe(1);
});

it('is said in words not to be there, or not to have been told', async () => {
    const page = await visit.till();
    await openShift(page);
    await page.keyboard.press('F11');
    await page.getByTestId('drawer-open').click();
    await page.getByTestId('drawer-often-change').click();
    await page.evaluate(() =>
        window.__fake.reports((reports) => {
            reports.printer = { outcome: 'not_sent', why: 'off' };
        }),
    );
    await page.getByTestId('drawer-ok').click();
    await page.getByTestId('notice').waitFor();
    expect(await text(page, 'notice'), 'a printer that is off is no open drawer').toContain('钥匙');
    await page.evaluate(() =>
        window.__fake.reports((reports) => {
            reports.hasDrawer = false;
        }),
    );
    expect(await text(page, 'drawer-open'), 'the button says beforehand that there is none').toContain(
        '未配置',
    );
    await page.getByTestId('drawer-open').click();
    expect(await text(page, 'drawer-none'), 'and the dialog what to do').toContain('drawer = true');
    expect(await page.getByTestId('drawer-ok').isDisabled(), 'there is nothing to open').toBe(true);
});

it('says that it stayed shut for cash, with the money booked, and goes on', async () => {
    const page = await visit.till();
    await page.evaluate(() =>
        window.__fake.reports((reports) => {
            reports.printer = { outcome: 'not_sent', why: 'off' };
        }),
    );
    await page.getByTestId('tile-1').click();
    await page.getByTestId('cash').click();
    await page.getByTestId('cash-view').waitFor();
    await page.keyboard.type('5');
    await page.keyboard.press('Enter');
    await page.getByTestId('drawer-shut').waitFor();
    const said = await text(page, 'drawer-shut');
    expect(said, 'what happened').toContain('钱箱没有打开');
    expect(said, 'whether money is booked').toContain('钱已入账');
    expect(said, 'what to do next').toContain('钥匙');
    expect(await page.getByTestId('drawer-shut').count(), 'it is said once').toBe(1);
    await page.keyboard.press('Enter');
    await page.getByTestId('search').waitFor();
    expect(await text(page, 'drawer-shut'), 'the next customer is served with it in sight').toContain('F5');
    await page.evaluate(() =>
        window.__fake.reports((reports) => {
            reports.printer = { outcome: 'printed', why: '' };
        }),
    );
    await page.keyboard.press('F5');
    await page.getByTestId('drawer-often-change').click();
    await page.getByTestId('drawer-ok').click();
    await page.getByTestId('drawer-shut').waitFor({ state: 'detached' });
});

it('has its button while no shift is open: with the shifts, and at the cart', async () => {
    const page = await visit.till();
    await page.getByTestId('sell-drawer').click();
    await page.getByTestId('drawer-dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('drawer-dialog').waitFor({ state: 'detached' });
    await page.getByTestId('nav-shift').click();
    await page.getByTestId('open-shift').waitFor();
    await page.getByTestId('drawer-open').click();
    await page.getByTestId('drawer-often-change').click();
    await page.getByTestId('drawer-ok').click();
    await page.getByTestId('drawer-dialog').waitFor({ state: 'detached' });
    expect(await pulses(page), 'the printer was told').toBe(1);
    await page.evaluate(() =>
        window.__fake.reports((reports) => {
            reports.hasDrawer = false;
        }),
    );
    await page.getByTestId('nav-sell').click();
    await page.getByTestId('search').waitFor();
    expect(await page.getByTestId('sell-drawer').count(), 'without a drawer there is none at the cart').toBe(
        0,
    );
});
