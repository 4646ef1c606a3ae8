import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';
import { Words } from '../lib/words.svelte';
import english from './en.json';
import chinese from './zh-CN.json';

const source = fileURLToPath(new URL('..', import.meta.url));

/** Chinese, Japanese and full-width signs. */
const CJK = /[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]/;

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, path = ''): [string, string][] {
    return Object.entries(tree).flatMap(([key, value]) =>
        typeof value === 'string'
            ? [[path + key, value] as [string, string]]
            : leaves(value, `${path}${key}.`),
    );
}

/** English has a word for one and for many where Chinese has one word. */
const withoutPlural = (key: string) => key.replace(/_(one|other)$/, '');

function files(ending: string): string[] {
    return readdirSync(source, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith(ending) && !name.endsWith('.test.ts'))
        .filter((name) => !name.startsWith(join('lib', 'backend', 'fake')) && !name.endsWith('bindings.ts'));
}

describe('the message files', () => {
    const zh = new Map(leaves(chinese).map(([key, text]) => [withoutPlural(key), text]));
    const en = new Map(leaves(english).map(([key, text]) => [withoutPlural(key), text]));

    it('have the same keys', () => {
        expect([...zh.keys()].sort(), 'no text exists in one language only').toEqual([...en.keys()].sort());
    });

    it('fill in the same values', () => {
        const values = (text = '') => [...new Set(text.match(/{{\w+}}/g) ?? [])].sort();
        for (const [key, text] of zh) {
            expect(values(en.get(key)), `${key} names the same values in both languages`).toEqual(
                values(text),
            );
        }
    });

    it('hold no empty text', () => {
        for (const [key, text] of [...leaves(chinese), ...leaves(english)]) {
            expect(text.trim(), `${key} says something`).not.toBe('');
        }
    });

    it('have words in both languages for each code of the contract', () => {
        const contract = readFileSync(join(source, 'lib/backend/bindings.ts'), 'utf8');
        const codes = (type: string) => {
            const found = new RegExp(`export type ${type} =([\\s\\S]*?);\\n`).exec(contract)?.[1] ?? '';
            const words = [...found.replace(/\/\*\*[\s\S]*?\*\//g, '').matchAll(/"([a-z_A-Z0-9-]+)"/g)];
            return words.map((match) => match[1] ?? '');
        };
        const wanted: [string, (code: string) => string[]][] = [
            ['ErrorCode', (code) => [`error.${code}.what`, `error.${code}.money`, `error.${code}.next`]],
            ['ProblemCode', (code) => [`problem.${code}`, `problem.next.${code}`]],
            ['CloseReason', (code) => [`closing_why.${code}`, `closed_why.${code}`]],
            ['ReviewReason', (code) => [`review.${code}`, `review_next.${code}`]],
            ['WrongRowCode', (code) => [`wrong_row.${code}`]],
            ['NotifyTrouble', (code) => [`notify.trouble.${code}`, `notify.next.${code}`]],
            ['DeadReason', (code) => [`notify.dead_reason.${code}`]],
            ['ProbeResult', (code) => (code === 'probe' ? [] : [`notify.probe.${code}`])],
            ['EvidenceKind', (code) => [`evidence_kind.${code}`]],
            ['SignVerdict', (code) => [`sign.${code}`]],
            [
                'CheckCode',
                (code) => ['title', 'what', 'count', 'broken'].map((key) => `self_check.part.${code}.${key}`),
            ],
            ['CopyJournal', (code) => [`keeping.journal_is.${code}`]],
            ['FoundBy', (code) => [`paid.found_by.${code}`, `orders.by.${code}`]],
            ['BillTroubleCode', (code) => [`bill_trouble.${code}`]],
            ['BillFaultCode', (code) => [`bill_fault.${code}`]],
            ['BillRefundStanding', (code) => [`refund_standing.${code}`]],
            ['PersonReason', (code) => [`refund_person.${code}.what`, `refund_person.${code}.next`]],
            ['GoodsView', (code) => [`refund.goods_is.${code}`]],
            ['CarriedKind', (code) => [`report.open_what.${code}`]],
            ['ExportFormat', (code) => [`report.format.${code}`]],
            ['PrintOutcome', (code) => [`report.${code}`]],
            ['WayOut', (code) => [`way_out.${code}.name`, `way_out.${code}.what`]],
            ['Money', (code) => [`money.${code}`]],
            ['Locale', (code) => [`locale.${code}`]],
        ];
        for (const [type, keys] of wanted) {
            expect(codes(type).length, `${type} was found in the contract`).toBeGreaterThan(1);
            for (const key of codes(type).flatMap(keys)) expect(zh.has(key), `${key} has words`).toBe(true);
        }
    });

    it('have words in both languages for each cause of a difference from the bill', () => {
        const contract = readFileSync(join(source, 'lib/backend/bindings.ts'), 'utf8');
        const causes = [...contract.matchAll(/{ cause: "(\w+)"/g)].map((match) => match[1] ?? '');
        expect(causes.length, 'the causes were found in the contract').toBeGreaterThan(10);
        for (const cause of causes) {
            for (const part of ['name', 'what', 'money']) {
                expect(zh.has(`cause.${cause}.${part}`), `${cause} has its ${part}`).toBe(true);
            }
        }
    });

    it('have words in both languages for what a report calls out of the ordinary', () => {
        const maker = readFileSync(join(source, '../../crates/till-app/src/day_end.rs'), 'utf8');
        const list = /EXCEPTIONS[^=]*= \[([^\]]*)\]/.exec(maker)?.[1] ?? '';
        const found = [...list.matchAll(/"(\w+)"/g)].map((match) => match[1] ?? '');
        expect(found.length, 'the list was found').toBeGreaterThan(3);
        for (const what of found) expect(zh.has(`report.exception.${what}`), `${what} has words`).toBe(true);
    });

    it('have the rule in both languages for each key of the configuration', () => {
        const readers = join(source, '../../crates/till-app/src');
        const names = readdirSync(join(readers, 'config')).map((name) => join('config', name));
        const text = ['config.rs', ...names].map((name) => readFileSync(join(readers, name), 'utf8')).join();
        const keys = [...text.matchAll(/"\[(\w+)\] (\w+)"/g)].map(([, part, name]) => `${part}.${name}`);
        expect(keys.length, 'the keys were found in the reader').toBeGreaterThan(10);
        for (const key of keys) expect(zh.has(`problem.rule.${key}`), `${key} has its rule`).toBe(true);
    });

    it('hold every key that the pages name', () => {
        for (const name of [...files('.svelte'), ...files('.ts')]) {
            const text = readFileSync(join(source, name), 'utf8');
            for (const [, key = ''] of text.matchAll(/\b(?:t|words\.in)\(\s*(?:'[\w-]+',\s*)?'([\w.-]+)'/g)) {
                if (!key.includes('.')) continue;
                expect(zh.has(key), `${name} asks for ${key}`).toBe(true);
            }
        }
    });
});

describe('the pages', () => {
    it('hold no Chinese text of their own', () => {
        for (const name of [...files('.svelte'), ...files('.ts')]) {
            const line = readFileSync(join(source, name), 'utf8')
                .split('\n')
                .find((text) => CJK.test(text));
            expect(line, `${name} takes its texts from the message files`).toBeUndefined();
        }
    });

    it('hold no English text in their markup', () => {
        for (const name of files('.svelte')) {
            const { fragment } = parse(readFileSync(join(source, name), 'utf8'), { modern: true });
            expect(wordsIn(fragment), `${name} takes its texts from the message files`).toEqual([]);
        }
    });
});

/** Attributes whose text a person reads or hears. */
const SPOKEN = new Set(['title', 'aria-label', 'placeholder', 'alt', 'label']);

function wordsIn(node: unknown, found: string[] = []): string[] {
    if (Array.isArray(node)) {
        for (const child of node) wordsIn(child, found);
    } else if (typeof node === 'object' && node !== null) {
        const { type, name, data } = node as { type?: string; name?: string; data?: string };
        if (type === 'Attribute' && !SPOKEN.has(name ?? '')) return found;
        if (type === 'Text' && /\p{L}{2,}/u.test(data ?? '')) found.push((data ?? '').trim());
        for (const [key, child] of Object.entries(node)) if (key !== 'metadata') wordsIn(child, found);
    }
    return found;
}

describe('words', () => {
    it('follow the language and the number', () => {
        const words = new Words();
        expect(words.t('cart.pieces', { count: 1 }), 'Chinese has one form').toBe('1 件');
        words.locale = 'en';
        expect(words.t('cart.pieces', { count: 1 }), 'English has two').toBe('1 item');
        expect(words.t('cart.pieces', { count: 3 }), 'English has two').toBe('3 items');
        expect(words.in('zh-CN', 'customer.scan'), 'one text can be asked for in another language').toBe(
            '请用微信扫一扫支付',
        );
    });

    it('say whether they know a code from outside', () => {
        const words = new Words();
        expect(words.knows('outcome.NOTPAY'), 'a word of WeChat').toBe(true);
        expect(words.knows('outcome.http: 502'), 'a code with a colon is no key').toBe(false);
    });
});
