/** Opens the pages with the invented till in a real browser. The pages are served with the shell's content rules. */
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { preview, type PreviewServer } from 'vite';
import type { FakeControl } from '../src/lib/backend/fake/control';

declare global {
    interface Window {
        __fake: FakeControl;
    }
}

const root = fileURLToPath(new URL('..', import.meta.url));
const FREEZE = fileURLToPath(new URL('../../src-tauri/freeze.js', import.meta.url));

/** Starts the browser, with further arguments where a test needs some. */
export function launch(further: string[] = []): Promise<Browser> {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: [
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            ...further,
        ],
    });
}

export class Shop {
    /** What went wrong in any page: errors, blocked content. */
    readonly complaints: string[] = [];

    private constructor(
        private readonly server: PreviewServer,
        private readonly browser: Browser,
        private readonly address: string,
    ) {}

    static async open(): Promise<Shop> {
        const server = await preview({
            root,
            mode: 'fake',
            logLevel: 'warn',
            build: { outDir: 'test-results/fake' },
            preview: { port: 0, host: '127.0.0.1' },
        });
        const address = server.resolvedUrls?.local[0];
        if (address === undefined) throw new Error('the preview has no address');
        return new Shop(server, await launch(), address);
    }

    /** A browser of its own, so that no two tests share a till. */
    async visit(options: { width?: number; height?: number; scale?: number } = {}): Promise<Visit> {
        const context = await this.browser.newContext({
            viewport: { width: options.width ?? 1366, height: options.height ?? 768 },
            deviceScaleFactor: options.scale ?? 1,
            timezoneId: 'Asia/Shanghai',
        });
        // As in the till's own windows: some libraries don't load where nothing inherited may be changed.
        await context.addInitScript({ path: FREEZE });
        context.setDefaultTimeout(8000);
        return new Visit(context, this.address, this.complaints);
    }

    async close(): Promise<void> {
        await this.browser.close();
        await this.server.close();
    }
}

export class Visit {
    constructor(
        private readonly context: BrowserContext,
        private readonly address: string,
        private readonly complaints: string[],
    ) {}

    async till(wishes = ''): Promise<Page> {
        const page = await this.open(`index.html${wishes}`);
        await page.getByTestId('search').waitFor();
        return page;
    }

    async customer(width = 1024, height = 600): Promise<Page> {
        const page = await this.open('customer.html');
        await page.setViewportSize({ width, height });
        await page.getByTestId('customer-stage').waitFor();
        return page;
    }

    async close(): Promise<void> {
        await this.context.close();
    }

    private async open(path: string): Promise<Page> {
        const page = await this.context.newPage();
        page.on('pageerror', (error) => this.complaints.push(`${path}: ${error.message}`));
        page.on('console', (message) => {
            if (message.type() === 'error' || message.type() === 'warning') {
                this.complaints.push(`${path}: ${message.text()}`);
            }
        });
        await page.goto(this.address + path);
        return page;
    }
}
