import { describe, expect, it } from 'vitest';
import type { Locale, NotifyTrouble, NotifyView } from './backend/backend';
import { notifyLamp } from './notify';
import { Words } from './words.svelte';

const rest = { lastMessage: null, callbackBroken: null, deadLetters: 0 };
const up: NotifyView = { ...rest, link: 'up', since: '2026-11-23T00:02:00Z' };
const down = (trouble: NotifyTrouble): NotifyView => ({
    ...rest,
    link: 'down',
    since: '2026-11-23T06:05:00Z',
    trouble,
    detail: 'connection refused',
});

function lamp(notify: NotifyView, locale: Locale) {
    const words = new Words();
    words.locale = locale;
    return notifyLamp(notify, 'Asia/Shanghai', words.t);
}

describe('the notify lamp', () => {
    const cases: [string, NotifyView, string, string, string][] = [
        ['without a broker', { ...rest, link: 'polling_only' }, 'off', '通知 仅轮询', 'Notify: polling only'],
        ['at first', { ...rest, link: 'connecting' }, 'off', '通知 连接中', 'Notify: connecting'],
        ['connected', up, 'good', '通知 已连接', 'Notify: on'],
        [
            'with a message',
            { ...up, lastMessage: '2026-11-23T06:26:10Z' },
            'good',
            '通知 已连接 14:26',
            'Notify: on, last 14:26',
        ],
        ['lost', down('unreachable'), 'warn', '通知 14:05 起断开', 'Notify: down since 14:05'],
        ['with a double', down('queue_taken'), 'bad', '通知 编号重复', 'Notify: till id in use'],
        [
            'with a broken callback',
            { ...up, callbackBroken: 3 },
            'warn',
            '通知 收不到',
            'Notify: none arrive',
        ],
        [
            'with useless messages',
            { ...up, callbackBroken: 3, deadLetters: 2 },
            'warn',
            '通知 2 条无法使用',
            'Notify: 2 unusable',
        ],
    ];

    it.each(cases)('says how it stands %s', (_, notify, tone, chinese, english) => {
        expect(lamp(notify, 'zh-CN').tone, 'the colour goes with the words').toBe(tone);
        expect(lamp(notify, 'zh-CN').text, 'in Chinese').toBe(chinese);
        expect(lamp(notify, 'en').text, 'in English').toBe(english);
    });

    it('explains itself in a sentence that says what to do and that no payment depends on it', () => {
        for (const trouble of [
            'unreachable',
            'login',
            'tls',
            'other_settings',
            'missing',
            'forbidden',
            'queue_taken',
            'other',
        ] as const) {
            for (const locale of ['zh-CN', 'en'] as const) {
                const { why } = lamp(down(trouble), locale);
                expect(why, `${trouble} has words in ${locale}`).not.toMatch(/notify\./);
                expect(why, `${trouble}: payments go on, and the sentence says so`).toMatch(/查询|asking/);
            }
        }
    });

    it('names the times of connection and last message', () => {
        const { why } = lamp({ ...up, lastMessage: '2026-11-23T06:26:10Z' }, 'en');
        expect(why, 'since when, in the shop’s own time').toContain('08:02');
        expect(why, 'and when something last came').toContain('14:26');
    });
});
