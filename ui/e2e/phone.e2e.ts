/** The simulator's `/phone`, by touch and by mouse, in a real browser: what a customer does to the real `wechat-pay-sim`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import qrcode from 'qrcode-generator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from './browser';
import { Simulator, type Order } from './simulator';

const zh = {
    locale: 'zh-CN',
    pay: '支付 ¥12.34',
    scan: '扫描此单的二维码',
    decline: /支付失败/,
    leave: '离开不付',
    later: /稍后再付/,
    one: '用 1 张券',
    many: '用 5 张券',
    open: '打开',
    attempt: '仍然尝试支付',
    language: 'EN',
    said: {
        scanned: '已扫码，等待输入密码',
        declined: '支付失败：余额不足，订单仍可支付',
        left: '已离开，订单未支付',
        kept: '码还在手里：稍后从列表打开即可支付',
        unknown: '这不是本模拟器的付款码',
        closed: '订单已关闭，未扣款',
    },
};

const en: typeof zh = {
    locale: 'en-GB',
    pay: 'Pay ¥12.34',
    scan: "Scan this order's QR",
    decline: /Fail/,
    leave: 'Walk away',
    later: /pay later/,
    one: 'With 1 coupon',
    many: 'With 5 coupons',
    open: 'Open',
    attempt: 'Try to pay all the same',
    language: '中文',
    said: {
        scanned: 'Scanned, waiting for the password',
        declined: 'Payment failed: no balance. The order can still be paid',
        left: 'Left without paying',
        kept: 'You keep the code: open the order later and pay',
        unknown: 'This is no code of this simulator',
        closed: 'The order is closed. Nothing was charged',
    },
};

const FEN = 1234;
const small: BrowserContextOptions = {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 3,
    hasTouch: true,
    isMobile: true,
};
const wide: BrowserContextOptions = { viewport: { width: 1366, height: 768 } };

let simulator: Simulator;
let browser: Browser;
const complaints: string[] = [];

beforeAll(async () => {
    simulator = await Simulator.start();
    browser = await launch();
});

afterAll(async () => {
    await browser?.close();
    simulator?.stop();
});

/** Opens the page in a browser of its own. */
async function open(
    words: typeof zh,
    device: BrowserContextOptions,
    host = '127.0.0.1',
    on = browser,
): Promise<Page> {
    const context = await on.newContext({ ...device, locale: words.locale });
    context.setDefaultTimeout(8000);
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
        // A refusal is an answer too; the browser calls it a resource that failed.
        const refusal = message.text().startsWith('Failed to load resource');
        if (message.type() === 'error' && !refusal) complaints.push(message.text());
    });
    await page.goto(`http://${host}:${simulator.port}/phone`);
    return page;
}

async function close(page: Page): Promise<void> {
    await page.context().close();
    expect(complaints.splice(0), 'the page reports no error').toEqual([]);
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const entry = (page: Page, order: Order) => button(page, new RegExp(`${order.out_trade_no}\\b`));
const paid = (page: Page) => page.locator('.tick').waitFor();

/** Waits until the page tells this. */
async function told(page: Page, words: string): Promise<void> {
    await page.getByRole('status').filter({ hasText: words }).waitFor();
}

describe.each([
    { device: 'a phone, in Chinese', words: zh, options: small },
    { device: 'a desktop, in English', words: en, options: wide },
])('on $device', ({ words, options }) => {
    /** A customer before an order that waits for them. */
    async function shop(play: (page: Page, order: Order) => Promise<void>): Promise<void> {
        const order = await simulator.place(FEN);
        const page = await open(words, options);
        await play(page, order);
        await close(page);
    }

    const state = async (order: Order) => (await simulator.order(order.out_trade_no)).state;
    const scanned = async (order: Order) => (await simulator.order(order.out_trade_no)).scanned;

    it('an order from the list is scanned and paid, once', () =>
        shop(async (page, order) => {
            await entry(page, order).click();
            await button(page, words.scan).click();
            await told(page, words.said.scanned);
            expect(await scanned(order), 'WeChat knows that the pay sheet is open').toBe(true);
            await button(page, words.pay).click();
            await paid(page);
            const book = await simulator.order(order.out_trade_no);
            expect([book.state, book.cash_fee], 'all of it in cash').toEqual(['SUCCESS', FEN]);
            expect(await page.locator('main').innerText(), 'the receipt names the payment').toContain(
                book.transaction_id,
            );
            expect(await button(page, words.pay).count(), 'and offers no second one').toBe(0);
        }));

    it('a payment that fails leaves the order as it was, to be paid all the same', () =>
        shop(async (page, order) => {
            await entry(page, order).click();
            await button(page, words.decline).click();
            await told(page, words.said.declined);
            const book = await simulator.order(order.out_trade_no);
            expect([book.state, book.declined], 'failed once').toEqual(['NOTPAY', 1]);
            await button(page, words.pay).click();
            await paid(page);
            expect(await state(order), 'the second try went through').toBe('SUCCESS');
        }));

    it('a customer who walks away leaves the order in the list', () =>
        shop(async (page, order) => {
            await entry(page, order).click();
            await button(page, words.scan).click();
            await told(page, words.said.scanned);
            await button(page, words.leave).click();
            await told(page, words.said.left);
            await entry(page, order).waitFor();
            expect(await scanned(order), 'nobody has the pay sheet open').toBe(false);
        }));

    it('coupons pay a half, one or five of them', async () => {
        for (const coupons of [words.one, words.many]) {
            await shop(async (page, order) => {
                await entry(page, order).click();
                await button(page, coupons).click();
                await paid(page);
                const book = await simulator.order(order.out_trade_no);
                expect([book.state, book.total_fee, book.cash_fee], coupons).toEqual([
                    'SUCCESS',
                    FEN,
                    FEN / 2,
                ]);
            });
        }
    });

    it('a code is pasted; one that is none is refused in words', () =>
        shop(async (page, order) => {
            await page.locator('#code').fill('https://example.com/');
            await button(page, words.open).click();
            await told(page, words.said.unknown);
            await page.locator('#code').fill(` ${order.code_url} `);
            await button(page, words.open).click();
            await told(page, words.said.scanned);
            expect(await scanned(order), 'the order of that code').toBe(true);
            await button(page, words.pay).click();
            await paid(page);
            expect(await state(order)).toBe('SUCCESS');
        }));

    it('a code that was kept is paid late, and too late nothing is charged', async () => {
        await shop(async (page, order) => {
            await entry(page, order).click();
            await button(page, words.later).click();
            await told(page, words.said.kept);
            await simulator.advance(25 * 60);
            await entry(page, order).click();
            await button(page, words.pay).click();
            await paid(page);
            expect(await state(order), 'within its half hour').toBe('SUCCESS');
        });
        await shop(async (page, order) => {
            await entry(page, order).click();
            await button(page, words.later).click();
            await simulator.advance(31 * 60);
            await entry(page, order).click();
            await button(page, words.attempt).click();
            await told(page, words.said.closed);
            const book = await simulator.order(order.out_trade_no);
            expect([book.transaction_id, book.cash_fee], 'no money has moved').toEqual([null, null]);
        });
    });

    it('everything fits the screen and can be hit, in both languages', () =>
        shop(async (page, order) => {
            const fits = async (where: string) => {
                const [over, least] = await page.evaluate(() => [
                    // Not innerWidth: on a phone that grows with what does not fit.
                    document.documentElement.scrollWidth - document.documentElement.clientWidth,
                    Math.min(
                        ...[...document.querySelectorAll('button:not([hidden])')].map(
                            (it) => it.getBoundingClientRect().height,
                        ),
                    ),
                ]);
                expect(over, `${where}: nothing to scroll sideways`).toBeLessThanOrEqual(0);
                expect(least, `${where}: the lowest button`).toBeGreaterThanOrEqual(40);
            };
            await entry(page, order).waitFor();
            await fits('the list');
            await entry(page, order).click();
            await button(page, words.decline).waitFor();
            await fits('the pay sheet');
            await button(page, words.language).click();
            await fits('the pay sheet in the other language');
        }));
});

describe('the camera', () => {
    /** A file that a browser takes for a camera before which this code is held. */
    async function film(code: string, folder: string): Promise<string> {
        const qr = qrcode(0, 'M');
        qr.addData(code);
        qr.make();
        const [width, height, scale] = [640, 480, 8];
        const count = qr.getModuleCount();
        const [left, top] = [(width - count * scale) / 2, (height - count * scale) / 2];
        const luma = Buffer.alloc(width * height, 235);
        for (let y = 0; y < count * scale; y += 1) {
            for (let x = 0; x < count * scale; x += 1) {
                const dark = qr.isDark(Math.floor(y / scale), Math.floor(x / scale));
                if (dark) luma[Math.floor(top + y) * width + Math.floor(left + x)] = 16;
            }
        }
        const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc((width * height) / 2, 128)]);
        const file = join(folder, 'camera.y4m');
        await writeFile(
            file,
            Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip C420\n`), frame, frame]),
        );
        return file;
    }

    /** Gives the page what browsers on Android and macOS have: this one reads no codes by itself. */
    async function reading(page: Page): Promise<void> {
        await page.addInitScript({ path: createRequire(import.meta.url).resolve('jsqr/dist/jsQR.js') });
        await page.addInitScript(`window.BarcodeDetector = class {
            async detect(video) {
                const canvas = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: video.videoHeight });
                const context = canvas.getContext('2d');
                context.drawImage(video, 0, 0);
                const found = jsQR(context.getImageData(0, 0, canvas.width, canvas.height).data, canvas.width, canvas.height);
                return found === null ? [] : [{ rawValue: found.data }];
            }
        };`);
        await page.reload();
    }

    it('reads a code that is held before it', async () => {
        const order = await simulator.place(FEN);
        const folder = await mkdtemp(join(tmpdir(), 'scantill-phone-'));
        const camera = await film(order.code_url, folder);
        const seeing = await launch([
            '--use-fake-device-for-media-stream',
            '--use-fake-ui-for-media-stream',
            `--use-file-for-fake-video-capture=${camera}`,
        ]);
        const page = await open(zh, small, '127.0.0.1', seeing);
        await reading(page);
        await button(page, '扫一扫').click();
        await told(page, zh.said.scanned);
        expect(await page.locator('#camera').isHidden(), 'the camera is off again').toBe(true);
        await button(page, zh.pay).click();
        await paid(page);
        expect((await simulator.order(order.out_trade_no)).state, 'the order of that code').toBe('SUCCESS');
        await close(page);
        await seeing.close();
        await rm(folder, { recursive: true });
    });

    /** Tells why there is no camera, and the order in the list below can be paid. */
    async function without(page: Page, order: Order, why: RegExp): Promise<void> {
        await button(page, '扫一扫').click();
        const said = page.getByRole('status');
        await said.filter({ hasText: why }).waitFor();
        expect(await said.innerText(), 'what to do instead').toMatch(/从下面的列表选择订单，或粘贴付款码$/);
        await entry(page, order).click();
        await button(page, zh.pay).click();
        await paid(page);
        await close(page);
    }

    it('is missed in words on a phone that came over plain HTTP', async () => {
        const order = await simulator.place(FEN);
        // By its name on the shop's network, not as this machine: no browser gives such a page a camera.
        const away = await launch([
            '--host-resolver-rules=MAP till.shop 127.0.0.1',
            '--use-fake-device-for-media-stream',
        ]);
        const page = await open(zh, small, 'till.shop', away);
        expect(await page.evaluate(() => isSecureContext), 'plain HTTP from another machine').toBe(false);
        await without(page, order, /普通 HTTP.*HTTPS/);
        await away.close();
    });

    it('is missed in words where it is refused, and where the browser reads no codes', async () => {
        const refusing = await launch(['--use-fake-device-for-media-stream', '--deny-permission-prompts']);
        const page = await open(zh, small, '127.0.0.1', refusing);
        await reading(page);
        await without(page, await simulator.place(FEN), /没有使用摄像头的权限/);
        await refusing.close();
        await without(await open(zh, small), await simulator.place(FEN), /此浏览器不能用摄像头扫码/);
    });
});
