/** A backup put in the ledger's place in a real browser: what is asked before, and that no number of a Z comes twice. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { visit, visitForEachTest } from './visit';

visitForEachTest();

const told = (page: Page) => page.getByTestId('restore-z-told').innerText();

async function open(page: Page): Promise<void> {
    await page.getByTestId('nav-settings').click();
    await page.locator('[data-testid^="restore-scantill-"]').first().click();
    await page.getByTestId('restore-last-z').waitFor();
}

it('asks for the last Z on paper, and takes no lower number than was found', async () => {
    const page = await visit.till();
    await open(page);
    const field = page.getByTestId('restore-last-z');
    const confirm = page.getByTestId('restore-confirm');
    expect(await field.inputValue(), 'what was found stands there').toBe('146');
    expect(await told(page), 'one Z is not in the copy').toContain('Z 0146 将只在');
    for (const wrong of ['145', '', 'x', '10146', '-1', '1.5']) {
        await field.fill(wrong);
        expect(await confirm.isDisabled(), `${wrong}: that can't be the last`).toBe(true);
        expect(await told(page), `${wrong}: and why is said`).toContain('已开出 Z 146');
    }
    await field.fill('149');
    expect(await told(page), 'what comes of it is said').toContain('Z 0146–0149');
    expect(await told(page), 'and which number is the next').toContain('下一张是 Z 0150');
    await confirm.click();
    await page.getByTestId('approval-yes').click();
    await page.getByTestId('restored').waitFor();
    expect(await page.getByTestId('restored').innerText(), 'once more at the end').toContain('Z 0150');
    expect(await page.evaluate(() => window.__fake.till.keeping.lastZ), 'that is what was asked for').toBe(
        149,
    );
});

it('says that a ledger that is damaged knows of no Z', async () => {
    const page = await visit.till();
    await page.evaluate(() => {
        window.__fake.till.keeping.check = {
            relation: { relation: 'unknown' },
            lastZ: { inCopy: 0, found: 0, most: 9_999, ledgerRead: false },
        };
    });
    await open(page);
    expect(await page.getByTestId('restore-z-unread').innerText(), 'the paper knows better').toContain(
        '读不出来',
    );
    expect(await told(page), 'nothing was found').toContain('下一张是 Z 0001');
    await page.getByTestId('restore-last-z').fill('12');
    expect(await told(page), 'the owner has it on paper').toContain('下一张是 Z 0013');
});

it('tells whoever has to sign in again what is to be done after it', async () => {
    const page = await visit.till();
    await page.getByTestId('nav-settings').click();
    await page.getByTestId('add-user').click();
    await page.getByTestId('user-name').fill('李娜');
    await page.getByTestId('user-pin').fill('2468');
    await page.getByTestId('user-pin-again').fill('2468');
    await page.getByTestId('user-save').click();
    await page.getByTestId('user-dialog').waitFor({ state: 'detached' });
    await open(page);
    await page.getByTestId('restore-confirm').click();
    await page.getByTestId('approval').waitFor();
    await page.keyboard.type('2468');
    await page.keyboard.press('Enter');
    await page.getByTestId('sign-in').waitFor();
    await page.keyboard.type('2468');
    await page.keyboard.press('Enter');
    const told = page.getByTestId('restored-untold');
    await told.waitFor();
    expect(await told.innerText(), 'what the dialog could not say any more').toContain('对照微信账单');
});
