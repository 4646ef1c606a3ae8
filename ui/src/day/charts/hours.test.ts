import { describe, expect, it } from 'vitest';
import { bestHour, hourColumns } from './hours';

const day = (sums: Record<number, string>) =>
    Array.from({ length: 24 }, (_, hour) => ({ hour, count: sums[hour] ? 1 : 0, sumFen: sums[hour] ?? '0' }));

describe('the columns of a day', () => {
    it('span the usual day and every hour with a sale', () => {
        const hours = (sums: Record<number, string>) => hourColumns(day(sums)).map(({ hour }) => hour);
        expect(hours({}), 'a day without sales has the usual hours').toEqual([
            8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        ]);
        expect(hours({ 6: '100', 23: '100' }).at(0), 'an early sale widens it').toBe(6);
        expect(hours({ 6: '100', 23: '100' }).at(-1), 'a late sale widens it').toBe(23);
    });

    it('have a place of their own on a day of 25 hours', () => {
        const hours = [0, 1, 2, 2, ...Array.from({ length: 21 }, (_, index) => index + 3)].map((hour) => ({
            hour,
            count: 1,
            sumFen: '100',
        }));
        const columns = hourColumns(hours);
        expect(columns, 'every hour is drawn').toHaveLength(25);
        expect(columns.map(({ hour }) => hour).slice(0, 5), 'two o’clock comes twice').toEqual([
            0, 1, 2, 2, 3,
        ]);
        expect(new Set(columns.map(({ place }) => place)).size, 'and none hides another').toBe(25);
    });

    it('know the best hour', () => {
        expect(bestHour(hourColumns(day({ 8: '250', 9: '1000' }))), 'the second one drawn').toBe(1);
        expect(bestHour(hourColumns(day({}))), 'nothing sold has no best').toBeNull();
    });

    it('draw nothing below the ground', () => {
        const [first] = hourColumns(day({ 8: '-250' }));
        expect(first?.drawn, 'an hour in which more was taken back than sold').toBe(0);
    });
});
