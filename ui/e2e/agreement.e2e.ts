/** The agreement with WeChat's bill in a real browser: differences are settled one by one, then the day is signed off. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { visit, visitForEachTest } from './visit';

visitForEachTest();

async function atDay(stage: 'same' | 'differences' | 'waiting'): Promise<Page> {
    const page = await visit.till();
    await page.evaluate((bill) => window.__fake.bill(bill), stage);
    await page.getByTestId('nav-day').click();
    await page.getByTestId('bill-state').waitFor();
    return page;
}

it('lets nobody sign off before each difference is explained', async () => {
    const page = await atDay('differences');
    const sign = page.getByTestId('sign-off');
    await page.getByTestId('agreement-paid').waitFor();
    expect(await sign.isDisabled(), 'three differences are open').toBe(true);
    expect(
        await page.getByTestId('difference-3').innerText(),
        'a payment around midnight explains itself',
    ).toContain('已说明');
    for (const index of [0, 1, 2]) {
        await page.getByTestId(`difference-look-${index}`).click();
        const save = page.getByTestId('note-save');
        expect(await save.isDisabled(), 'a note of nothing can not be kept').toBe(true);
        await page.getByTestId('note-text').fill('已在商户平台核对');
        await save.click();
        await page.getByTestId('difference').getByText('已在商户平台核对').waitFor();
        await page.getByTestId('difference-close').click();
    }
    await sign.click();
    await page.getByTestId('bill-state').getByText('已签核').waitFor();
    expect(await sign.isDisabled(), 'what is signed and has not changed is not signed again').toBe(true);
});

it('shows what was written on earlier figures, and does not take it for an explanation', async () => {
    const page = await atDay('differences');
    await page.getByTestId('difference-look-2').click();
    const note = page.getByTestId('note-0');
    const said = await note.innerText();
    expect(said, 'by whom, and that it is of before').toMatch(/王芳 · 那时数字不同[^]*已问微信客服/);
    await page.getByTestId('difference-close').click();
    expect(
        await page.getByTestId('difference-look-2').innerText(),
        'the difference is open as before',
    ).toContain('处理');
});

it('says what a late payment is and leads to its order', async () => {
    const page = await atDay('differences');
    await page.getByTestId('difference-look-0').click();
    const dialog = page.getByTestId('difference');
    const said = await dialog.innerText();
    expect(said, 'what happened').toContain('超时以后顾客才付款');
    expect(said, 'whether money has moved').toContain('钱已到商户号');
    expect(said, 'what to do').toContain('算作销售');
    await page.getByTestId('difference-order').click();
    await dialog.waitFor({ state: 'detached' });
    expect(
        await page.getByTestId('nav-orders').getAttribute('aria-current'),
        'on the page of that order',
    ).not.toBeNull();
});

it('takes a bill by hand and refuses another file in words', async () => {
    const page = await atDay('waiting');
    expect(await page.getByTestId('bill-state').innerText(), 'why it is not there').toContain('解压不了');
    await page.getByTestId('bill-file').setInputFiles({
        name: 'menu.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from('a,b\n'),
    });
    const result = page.getByTestId('bill-import-result');
    expect(await result.innerText(), 'what is wrong with it').toContain('交易时间');
    await page.getByTestId('bill-import-close').click();
    await page.getByTestId('bill-file').setInputFiles({
        name: 'bill.gz',
        mimeType: 'application/gzip',
        buffer: Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0]),
    });
    await page.getByTestId('approval-yes').click();
    await result.getByText('已导入').waitFor();
    await page.getByTestId('bill-import-close').click();
    await page.getByTestId('bill-state').getByText('逐单核对，没有差异').waitFor();
});

it('has no row that a message covers for good', async () => {
    const page = await atDay('differences');
    await page.evaluate(() => window.__fake.waiting(2, 1));
    const banner = page.getByTestId('review-banner');
    await banner.waitFor();
    await page.getByTestId('difference-3').evaluate((row) => {
        const scroll = row.closest('.scroll')!;
        scroll.scrollTop = scroll.scrollHeight;
    });
    const [row, over] = [await page.getByTestId('difference-3').boundingBox(), await banner.boundingBox()];
    expect(row!.y + row!.height, 'scrolled to its end, the last one stands above it').toBeLessThanOrEqual(
        over!.y,
    );
});
