import { describe, expect, it } from 'vitest';
import { average, change, off, shares, short, signed, signedMoney, weekday } from './figures';

const tally = (count: number, sumFen: string) => ({ count, sumFen });

describe('the figures of a report', () => {
    it('average in whole fen, halves up', () => {
        expect(average(tally(2, '101')), '50.5 fen').toBe('51');
        expect(average(tally(312, '842630'))).toBe('2701');
        expect(average(tally(0, '0')), 'no sale has no average').toBeNull();
        expect(average(tally(3, '9007199254740993')), 'sums outgrow a number').toBe('3002399751580331');
    });

    it('compare with the week before', () => {
        expect(change('842630', '793437'), 'a rise').toBe('+6.2%');
        expect(change('500', '1000'), 'a fall').toBe('−50.0%');
        expect(change('1000', '1000'), 'the same').toBe('+0.0%');
        expect(change('9995', '10000'), 'halves away from nought').toBe('−0.1%');
        expect(change('100', '0'), 'nothing to compare with').toBeNull();
        expect(change('-500', '1000'), 'a day of refunds').toBe('−150.0%');
    });

    it('bear a true minus', () => {
        expect(signed('-6480')).toBe('−64.80');
        expect(signedMoney('-6480')).toBe('−¥64.80');
        expect(signedMoney('6480')).toBe('¥64.80');
        expect(off('6480')).toBe('−64.80');
        expect(off('0'), 'nothing taken off has no sign').toBe('0.00');
        expect(off('-100'), 'what was taken back comes on').toBe('1.00');
    });

    it('share out to a hundred', () => {
        const three = shares([
            { way: 'a', parts: [tally(1, '100')] },
            { way: 'b', parts: [tally(1, '60'), tally(1, '40')] },
            { way: 'c', parts: [tally(1, '100')] },
        ]);
        const percents = three.map(({ percent }) => Number.parseInt(percent, 10));
        expect(percents.reduce((sum, part) => sum + part)).toBe(100);
        expect(three.map(({ from, to }) => [from, to])).toEqual([
            [0, 100],
            [100, 200],
            [200, 300],
        ]);
        const none = shares([{ way: 'a', parts: [] }]);
        expect(none[0]?.percent, 'nothing sold').toBe('0%');
        const back = shares([
            { way: 'a', parts: [tally(-1, '-100')] },
            { way: 'b', parts: [tally(1, '100')] },
        ]);
        expect(
            back.map(({ percent }) => percent),
            'less than nothing is no share',
        ).toEqual(['0%', '100%']);
    });

    it('have names and numbers as they are printed', () => {
        expect(short(`9f3c${'0'.repeat(56)}e21a`)).toBe('9f3c…e21a');
        expect(weekday('2026-11-23', 'zh-CN')).toBe('周一');
        expect(weekday('2026-11-23', 'en')).toBe('Mon');
    });
});
