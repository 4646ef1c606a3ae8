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
