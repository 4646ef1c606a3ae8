/** The end of a day in a real browser: looked at, closed, printed, written to files, and looked up again. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { shop, visit, visitForEachTest } from './visit';

visitForEachTest();

const text = (page: Page, testid: string) => page.getByTestId(testid).innerText();

/** One sale of ¥2.00, paid; leaves the till on the page for selling. */
async function sell(page: Page): Promise<void> {
    await page.getByTestId('tile-1').click();
    await page.getByTestId('pay').click();
    await page.getByTestId('qr').waitFor();
    await page.evaluate(() => window.__fake.pay());
    await page.getByTestId('next').click();
    await page.getByTestId('search').waitFor();
}

/** An order that nobody has paid yet; answers with its number. */
async function leaveOpen(page: Page): Promise<string> {
    await page.getByTestId('tile-1').click();
    await page.getByTestId('pay').click();
    await page.getByTestId('qr').waitFor();
    await page.getByTestId('background').click();
    return page.evaluate(() => window.__fake.till.payments.at(-1)!.outTradeNo);
}

async function atDay(page: Page): Promise<void> {
    await page.getByTestId('nav-day').click();
    await page.getByTestId('paper').waitFor();
}

async function closeDay(page: Page): Promise<void> {
    await page.getByTestId('close-day').click();
    await page.getByTestId('close-ok').click();
    await page.getByTestId('close-dialog').waitFor({ state: 'detached' });
    await page.getByTestId('paper-digest').waitFor();
}

describe('closing the day', () => {
    it('names what is unsettled and carries it over', async () => {
        const page = await visit.till();
        await sell(page);
        const open = await leaveOpen(page);
        await atDay(page);
        const net = await text(page, 'day-net');
        await page.getByTestId('close-day').click();
        const said = await text(page, 'close-dialog');
        expect(said, 'the number it will have').toContain('Z 0147');
        expect(said, 'what it comes to').toContain(net);
        expect(said, 'what is not settled, by its number').toContain(open);
        await page.getByTestId('close-note').fill('停电十分钟');
        await page.getByTestId('close-print').uncheck();
        expect(await text(page, 'close-ok'), 'the button says what it does').toBe('日结');
        await page.getByTestId('close-ok').dblclick();
        await page.getByTestId('paper-digest').waitFor();
        expect(await text(page, 'paper-title'), 'the Z').toBe('Z 日结单 第 0147 号');
        expect(await text(page, 'day-net'), 'with the figures that were shown').toBe(net);
        expect(await text(page, 'paper'), 'the order goes on').toContain(open);
        expect(await text(page, 'paper-note')).toBe('停电十分钟');
        expect(await page.getByTestId('paper-copy').count(), 'nothing was printed').toBe(0);
        await page.getByTestId('look-x').click();
        await page.getByTestId('close-day').waitFor();
        expect(await text(page, 'day-orders'), 'a new stretch begins with nothing').toBe('0 单');
        expect(await text(page, 'paper'), 'the order is still open').toContain(open);
        await page.getByTestId('close-day').click();
        expect(await text(page, 'close-dialog'), 'two clicks made one Z').toContain('Z 0148');
    });

    it('prints no original before a blind count, and the first whole one is it', async () => {
        const page = await visit.till();
        const blind = (now: boolean) =>
            page.evaluate((now) => window.__fake.reports((reports) => void (reports.blind = now)), now);
        await blind(true);
        await sell(page);
        await atDay(page);
        await closeDay(page);
        await page.getByTestId('take-out-told').filter({ hasText: '已' }).waitFor();
        expect(await text(page, 'paper-part'), 'what is on paper is not the whole').toContain('不完整');
        expect(await page.getByTestId('paper-at-list').count(), 'no sum over both ways').toBe(0);
        expect(await text(page, 'report-print'), 'the button says so').toContain('不是原件');
        await blind(false);
        await page.getByTestId('look-x').click();
        await page.getByTestId('close-day').waitFor();
        await page.getByTestId('z-older').click();
        await page.getByTestId('paper-digest').waitFor();
        expect(await page.getByTestId('paper-copy').count(), 'after the count nothing is a copy yet').toBe(0);
        expect(await text(page, 'report-print'), 'the original is still to be printed').toBe('打印日结单');
        await page.getByTestId('report-print').click();
        await page.getByTestId('paper-copy').waitFor();
        expect(await text(page, 'report-print'), 'the next one is a copy').toContain('副本');
    });

    it('goes on after Zs that lie in a ledger set aside, and says so', async () => {
        const page = await visit.till();
        await page.evaluate(() =>
            window.__fake.reports((reports) => {
                reports.aside = [{ first: 147, last: 149 }];
            }),
        );
        await atDay(page);
        expect(await text(page, 'paper-aside'), 'the X says where they are').toBe('0147–0149');
        await page.getByTestId('close-day').click();
        const said = await text(page, 'close-dialog');
        expect(said, 'no number is given twice').toContain('Z 0150');
        expect(said, 'and why is said').toContain('Z 0147–0149 在恢复备份时');
        await page.getByTestId('close-print').uncheck();
        await page.getByTestId('close-ok').click();
        await page.getByTestId('paper-digest').waitFor();
        expect(await text(page, 'paper'), 'sealed with the last Z that is here').toContain('上一张 Z 0146');
        await page.getByTestId('z-older').click();
        await expect
            .poll(() => text(page, 'paper-title'), { message: 'the one before is no lost one' })
            .toContain('0146');
        await page.getByTestId('z-newer').click();
        await expect.poll(() => text(page, 'paper-title'), { message: 'and back' }).toContain('0150');
    });

    it('counts what was taken out of carts, and tells corrections apart', async () => {
        const page = await visit.till();
        const counted = async () => {
            await atDay(page);
            const said = await text(page, 'paper-voided');
            await page.getByTestId('nav-sell').click();
            await page.getByTestId('search').waitFor();
            return said;
        };
        expect(await counted(), 'nothing was taken out yet').toBe('0.00');
        for (const tile of [1, 1, 6]) await page.getByTestId(`tile-${tile}`).click();
        await page.getByTestId('remove').click();
        expect(await counted(), 'the dumplings').toBe('15.80');
        await page.getByTestId('minus').click();
        expect(await counted(), 'one water less is a correction').toBe('15.80');
        await page.getByTestId('clear').click();
        expect(await counted(), 'and the other one went with its cart').toBe('17.80');
        await atDay(page);
        expect(await text(page, 'paper'), 'the correction has a row of its own').toContain('改少的数量（1）');
    });

    it('offers to count an open shift first, and does not insist', async () => {
        const page = await visit.till();
        await page.keyboard.press('F11');
        await page.getByTestId('float').fill('200');
        await page.getByTestId('open-shift-ok').click();
        await page.getByTestId('search').waitFor();
        await atDay(page);
        await page.getByTestId('close-day').click();
        await page.getByTestId('close-shift').waitFor();
        await page.getByTestId('count-first').click();
        await page.getByTestId('close-dialog').waitFor({ state: 'detached' });
        expect(await page.getByTestId('paper').count(), 'on the page of the shift').toBe(0);
        await atDay(page);
        await closeDay(page);
        expect(await text(page, 'paper'), 'the shift goes on, and the Z says so').toContain('未点钱');
    });

    it('does not say what should be in a drawer that is counted blind', async () => {
        const page = await visit.till('?locale=en');
        await page.keyboard.press('F11');
        await page.getByTestId('float').fill('200');
        await page.getByTestId('open-shift-ok').click();
        await page.getByTestId('search').waitFor();
        await atDay(page);
        expect(await text(page, 'paper')).toContain('Expected 200.00 · not counted');
        await page.evaluate(() => {
            const { till } = window.__fake;
            till.staff.house = { ...till.staff.house, blindCount: true };
            till.push();
        });
        await page.getByTestId('paper').getByText('Expected').waitFor({ state: 'detached' });
        expect(await text(page, 'paper'), 'only that it was not counted').toContain('not counted');
    });

    it('is possible with nothing sold at all, and only by a deliberate act', async () => {
        const page = await visit.till();
        await page.evaluate(() => {
            const { till } = window.__fake;
            till.payments = [];
            till.push();
        });
        await atDay(page);
        await page.getByTestId('close-day').click();
        await page.getByTestId('close-note').press('Enter');
        expect(await page.getByTestId('close-dialog').count(), 'Enter in the note closes nothing').toBe(1);
        await page.keyboard.press('Escape');
        await page.getByTestId('close-dialog').waitFor({ state: 'detached' });
        await closeDay(page);
        expect(await text(page, 'paper-title')).toContain('0147');
    });
});

describe('printing at the close', () => {
    type Outcome = 'printed' | 'not_sent' | 'unknown';

    /** From now on the printer does this. */
    async function printer(page: Page, outcome: Outcome, why = ''): Promise<void> {
        await page.evaluate(
            ([result, cause]) =>
                window.__fake.reports((reports) => {
                    reports.printer = { outcome: result, why: cause };
                }),
            [outcome, why] as const,
        );
    }

    it('that fails leaves the day closed, and is tried again as the first print', async () => {
        const page = await visit.till('?locale=en');
        await printer(page, 'not_sent', 'connection refused');
        await atDay(page);
        expect(await text(page, 'close-day'), 'both acts are named').toBe('Close and print');
        await closeDay(page);
        await page.getByTestId('take-out-told').getByText('Not printed: connection refused').waitFor();
        expect(await text(page, 'paper-title'), 'the Z is made').toBe('Z report no. 0147');
        expect(await page.getByTestId('paper-copy').count(), 'nothing reached the printer').toBe(0);
        expect(await text(page, 'report-print')).toBe('Print again');
        await printer(page, 'unknown', 'connection reset');
        await page.getByTestId('report-print').click();
        await page.getByTestId('take-out-told').getByText('look at the printer').waitFor();
        await page.getByTestId('paper-copy').waitFor();
        await page.getByTestId('look-x').click();
        await page.getByTestId('close-day').click();
        expect(await text(page, 'close-dialog'), 'one day was closed, once').toContain('Z 0148');
    });

    it('tells how it ended on whatever page the cashier is by then', async () => {
        const page = await visit.till('?locale=en');
        await printer(page, 'unknown', 'connection reset');
        await atDay(page);
        await closeDay(page);
        await page.getByTestId('nav-sell').click();
        await page.getByTestId('notice').getByText('Unknown whether the report was printed').waitFor();
    });

    it('is not offered on a till without a printer', async () => {
        const page = await visit.till('?locale=en');
        await page.evaluate(() => {
            window.__fake.reports((reports) => {
                reports.hasPrinter = false;
            });
            window.__fake.till.push();
        });
        await atDay(page);
        expect(await text(page, 'close-day')).toBe('Close the day');
        await page.getByTestId('close-day').click();
        expect(await page.getByTestId('close-print').count(), 'there is nothing to untick').toBe(0);
        await page.getByTestId('close-ok').click();
        await page.getByTestId('paper-digest').waitFor();
        expect(await page.getByTestId('report-print').isDisabled(), 'nor to print on').toBe(true);
        expect(await page.getByTestId('notice').count(), 'and nothing was tried').toBe(0);
    });
});

describe('a Z', () => {
    it('is marked as a copy once it was printed', async () => {
        const page = await visit.till();
        await atDay(page);
        await closeDay(page);
        await page.getByTestId('take-out-told').getByText('已交打印机').waitFor();
        await page.getByTestId('paper-copy').waitFor();
        expect(await text(page, 'report-print'), 'what comes next is a copy').toBe('打印副本');
        expect(await text(page, 'paper-copy')).toBe('副本 COPY');
        await page.evaluate(() => window.__fake.locale('en'));
        await page.getByTestId('paper-copy').getByText('COPY 副本').waitFor();
    });

    it('of an earlier day is found by arrows and in the list, with WeChat’s side filled in', async () => {
        const page = await visit.till('?locale=en');
        await atDay(page);
        await page.getByTestId('z-older').click();
        await page.getByTestId('paper-digest').waitFor();
        expect(await text(page, 'paper-title')).toBe('Z report no. 0146');
        expect(await text(page, 'paper-bill'), 'the bill is here by now').toBe('Same · signed off');
        await page.getByTestId('look-z').click();
        await page.getByTestId('z-140').click();
        await page.getByTestId('paper-title').getByText('0140').waitFor();
        await page.getByTestId('z-newer').click();
        await page.getByTestId('paper-title').getByText('0141').waitFor();
        await page.evaluate(() =>
            window.__fake.reports((reports) => {
                reports.bill = 'differs';
            }),
        );
        await page.getByTestId('z-newer').click();
        await page.getByTestId('paper-bill').getByText('−15.80').waitFor();
    });

    it('names why the bill differs: a refund that did not arrive is to be handed over', async () => {
        const page = await visit.till('?locale=en');
        await page.evaluate(() =>
            window.__fake.reports((reports) => {
                reports.bill = 'by_hand';
            }),
        );
        await atDay(page);
        await page.getByTestId('z-older').click();
        await page.getByTestId('paper-bill').getByText('+4.50').waitFor();
        const said = await text(page, 'paper');
        expect(said).toContain('Of it, refunds not arrived (1)');
        expect(await text(page, 'paper-unexplained'), 'and nothing is left to find out').toBe('None');
    });

    it('names a refund that WeChat gave up, with its order and its goods', async () => {
        const page = await visit.till('?locale=en');
        await page.getByTestId('tile-1').click();
        await page.getByTestId('tile-6').click();
        await page.getByTestId('pay').click();
        await page.getByTestId('qr').waitFor();
        const order = await page.evaluate(() => {
            window.__fake.pay();
            window.__fake.refundFate({ state: 'closed' }, 60);
            return window.__fake.till.payments.at(-1)!.outTradeNo;
        });
        await page.getByTestId('record').click();
        await page.getByTestId('refund-open').click();
        await page.getByTestId('refund-part-lines').click();
        await page.getByTestId('refund-more-1').click();
        await page.getByTestId('refund-quick-faulty').click();
        await page.getByTestId('refund-submit').click();
        await page.getByTestId('approval-yes').click();
        await page.getByTestId('refund-settle').waitFor();
        await atDay(page);
        await page.getByTestId('paper-given-up').waitFor();
        const said = await text(page, 'paper-given-up');
        expect(said, 'which order').toContain(order);
        expect(said, 'and what became of both sides').toContain('1 pcs back on the shelf');
    });

    it('waits for the bill on its own day', async () => {
        const page = await visit.till('?locale=en');
        await atDay(page);
        expect(await text(page, 'paper-bill')).toBe('filled in the next day');
        await closeDay(page);
        await page.getByTestId('paper-bill').getByText('waits for the bill of').waitFor();
    });

    it('does not exist in a young shop', async () => {
        const page = await visit.till('?locale=en');
        await page.evaluate(() =>
            window.__fake.reports((reports) => {
                reports.young = true;
            }),
        );
        await atDay(page);
        expect(await page.getByTestId('look-z').isDisabled(), 'there is no list to open').toBe(true);
        expect(await text(page, 'paper'), 'no Z stands before it').toContain('The first');
    });
});

describe('what is taken out', () => {
    it('is written to a file of each kind, and the page says where', async () => {
        const page = await visit.till('?locale=en');
        await atDay(page);
        await page.getByTestId('z-older').click();
        await page.getByTestId('paper-digest').waitFor();
        for (const [kind, ending] of [
            ['xlsx', '.xlsx'],
            ['csv', '.csv'],
            ['pdf_a4', '.pdf'],
            ['pdf_80', '-80mm.pdf'],
        ] as const) {
            await page.getByTestId(`report-${kind}`).click();
            await page.getByTestId('take-out-told').getByText(`Z-0146${ending}`).waitFor();
        }
    });

    it('shows how far a large file is, and takes no second wish meanwhile', async () => {
        const page = await visit.till('?locale=en');
        await page.evaluate(() =>
            window.__fake.reports((reports) => {
                reports.rows = 3_000;
            }),
        );
        await atDay(page);
        await page.getByTestId('report-xlsx').click();
        await page.getByTestId('take-out-told').getByText('2000 of 3000 rows').waitFor();
        expect(await page.getByTestId('report-csv').isDisabled(), 'one at a time').toBe(true);
        await page.getByTestId('take-out-told').getByText('.xlsx').waitFor();
    });

    it('is said not to be printed, or to be doubtful', async () => {
        const page = await visit.till('?locale=en');
        const printer = (outcome: 'not_sent' | 'unknown', why: string) =>
            page.evaluate(
                ([result, cause]) =>
                    window.__fake.reports((reports) => {
                        reports.printer = { outcome: result, why: cause };
                    }),
                [outcome, why] as const,
            );
        await printer('not_sent', 'connection refused');
        await atDay(page);
        await page.getByTestId('report-print').click();
        await page.getByTestId('take-out-told').getByText('Not printed: connection refused').waitFor();
        await printer('unknown', 'connection reset');
        await page.getByTestId('report-print').click();
        await page.getByTestId('take-out-told').getByText('look at the printer').waitFor();
    });
});

describe('the page', () => {
    it('gives each chart as a table too', async () => {
        const page = await visit.till('?locale=en');
        await atDay(page);
        await page.getByTestId('z-older').click();
        await page.getByTestId('paper-digest').waitFor();
        const hours = page.getByRole('table', { name: 'By hour' });
        expect(await hours.getByRole('row').count(), 'a head and the usual fourteen hours').toBe(15);
        const ways = page.getByRole('table').filter({ hasText: 'Cash' }).filter({ hasText: 'Share' });
        expect(await ways.count(), 'the ways of payment').toBe(1);
        await page.getByTestId('best-categories').click();
        expect(
            await page.getByRole('table').filter({ hasText: '饮料' }).count(),
            'the categories, with their sums',
        ).toBe(1);
    });

    it('can be walked through by keys', async () => {
        const page = await visit.till('?locale=en');
        await atDay(page);
        const reached = new Set<string>();
        for (let step = 0; step < 60; step += 1) {
            await page.keyboard.press('Tab');
            const at = await page.evaluate(
                () => (document.activeElement as HTMLElement).dataset.testid ?? '',
            );
            reached.add(at);
        }
        for (const wanted of [
            'look-x',
            'look-z',
            'day-input',
            'best-items',
            'paper',
            'close-day',
            'report-csv',
        ])
            expect([...reached], `${wanted} is reached`).toContain(wanted);
    });

    for (const [width, height] of [
        [1366, 768],
        [1920, 1080],
        [1280, 720],
    ] as const) {
        for (const locale of ['zh-CN', 'en']) {
            it(`cuts nothing off at ${width}×${height} in ${locale}`, async () => {
                const own = await shop.visit({ width, height });
                const page = await own.till(`?locale=${locale}&training=0`);
                await leaveOpen(page);
                await atDay(page);
                expect(await cutOff(page), 'of the X').toEqual([]);
                await page.getByTestId('close-day').click();
                expect(await cutOff(page), 'of the dialog').toEqual([]);
                await page.getByTestId('close-ok').click();
                await page.getByTestId('paper-digest').waitFor();
                expect(await cutOff(page), 'of the Z').toEqual([]);
                await page.getByTestId('z-older').click();
                await page.getByTestId('paper-copy').waitFor();
                expect(await cutOff(page), 'of a Z of earlier').toEqual([]);
                await page.getByTestId('day-input').fill('2026-11-20');
                await page.keyboard.press('Enter');
                await page.getByTestId('day-text').waitFor();
                expect(await cutOff(page), 'of a day').toEqual([]);
                await own.close();
            });
        }
    }
});

/** Texts and buttons that do not fit: wider than their box, or outside the window. Names of goods may end in dots. */
async function cutOff(page: Page): Promise<string[]> {
    await page.waitForTimeout(150);
    return page.evaluate(() => {
        const root = document.querySelector('dialog[open]') ?? document.querySelector('main')!;
        const wrong: string[] = [];
        if (document.documentElement.scrollWidth > innerWidth)
            wrong.push('the page is wider than the window');
        for (const element of root.querySelectorAll<HTMLElement>('*')) {
            if (element.closest('.unseen, svg, pre') !== null || element.matches('th[title], [type=file]'))
                continue;
            const style = getComputedStyle(element);
            const hidden = style.overflowX === 'hidden' || style.overflowX === 'clip';
            const said = `${element.tagName}.${element.className}: ${element.innerText.slice(0, 40)}`;
            if (hidden && element.scrollWidth > element.clientWidth + 1) wrong.push(`cut: ${said}`);
            if (element.tagName !== 'BUTTON') continue;
            const box = element.getBoundingClientRect();
            const scrolled = element.closest('.scroll, ul, .content') !== null;
            if (!scrolled && (box.right > innerWidth || box.bottom > innerHeight))
                wrong.push(`outside: ${said}`);
            if (box.width < 24 || box.height < 24) wrong.push(`small: ${said}`);
        }
        return wrong;
    });
}
