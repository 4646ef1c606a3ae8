/** The real `wechat-pay-sim` on a port of its own, and a shop that places orders there, signed as a till signs them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../../target/debug/wechat-pay-sim', import.meta.url));
const program = process.env.WECHAT_PAY_SIM ?? built;
const shop = { appid: 'wxd930ea5d5a258f4f', mch_id: '1900000109' };
const apiKey = '0123456789abcdefghijKLMNOPQRSTUV';

/** An order as `/sim/orders` tells of it; what the tests look at. */
export type Order = {
    out_trade_no: string;
    state: string;
    code_url: string;
    declined: number;
    total_fee: number;
    cash_fee: number | null;
    scanned: boolean;
    transaction_id: string | null;
};

export class Simulator {
    private count = 0;

    private constructor(
        private readonly process: ChildProcess,
        readonly port: string,
    ) {}

    static async start(): Promise<Simulator> {
        const process = spawn(
            program,
            ['--listen', '127.0.0.1:0', '--appid', shop.appid, '--mch-id', shop.mch_id, '--api-key', apiKey],
            { stdio: ['ignore', 'pipe', 'ignore'] },
        );
        const broken = new Promise<never>((_, reject) => {
            process.once('error', (error) =>
                reject(new Error(`${program}: ${error.message}; make services builds it`)),
            );
            process.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
        });
        // An end after the start is the test's own doing.
        broken.catch(() => undefined);
        const first = createInterface({ input: process.stdout! })[Symbol.asyncIterator]().next();
        const said = await Promise.race([first, broken]);
        const port = /:(\d+)\/phone$/.exec(String(said.value))?.[1];
        if (port === undefined) throw new Error(`no address in: ${String(said.value)}`);
        return new Simulator(process, port);
    }

    stop(): void {
        this.process.kill();
    }

    /** Places an order that expires in half an hour, as the till in the shop does. */
    async place(fen: number): Promise<Order> {
        this.count += 1;
        const number = `T01-${this.port}-${this.count}`;
        const expires = new Date((await this.now()) + 30 * 60_000 + 8 * 3_600_000);
        const fields: Record<string, string> = {
            ...shop,
            body: '小满便利店-农夫山泉 550ml',
            device_info: 'T01',
            nonce_str: randomBytes(16).toString('hex'),
            notify_url: 'http://127.0.0.1:9/weixin/pay/notify/url',
            out_trade_no: number,
            product_id: String(this.count),
            sign_type: 'HMAC-SHA256',
            spbill_create_ip: '127.0.0.1',
            time_expire: expires.toISOString().replace(/\D/g, '').slice(0, 14),
            total_fee: String(fen),
            trade_type: 'NATIVE',
        };
        const names = Object.keys(fields).sort();
        const signed = [...names.map((name) => `${name}=${fields[name]}`), `key=${apiKey}`].join('&');
        fields.sign = createHmac('sha256', apiKey).update(signed).digest('hex').toUpperCase();
        const elements = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
        const answer = await this.post('/pay/unifiedorder', `<xml>${elements.join('')}</xml>`);
        if (!answer.includes('code_url')) throw new Error(`not placed: ${answer}`);
        return this.order(number);
    }

    /** What WeChat's book says of an order. */
    async order(number: string): Promise<Order> {
        const found = (await this.book()).orders.find((order) => order.out_trade_no === number);
        if (found === undefined) throw new Error(`no order ${number}`);
        return found;
    }

    /** Time goes by. */
    async advance(seconds: number): Promise<void> {
        await this.post('/sim/faults', JSON.stringify({ clock_advance_seconds: seconds }));
    }

    private async now(): Promise<number> {
        return Date.parse((await this.book()).now);
    }

    private async book(): Promise<{ now: string; orders: Order[] }> {
        return (await fetch(`http://127.0.0.1:${this.port}/sim/orders`)).json() as Promise<{
            now: string;
            orders: Order[];
        }>;
    }

    private async post(path: string, body: string): Promise<string> {
        const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { method: 'POST', body });
        return answer.text();
    }
}
