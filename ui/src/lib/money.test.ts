import { describe, expect, it } from 'vitest';
import { MOST_FEN, money, readQuantity, readYuan, typeYuan, yuan } from './money';

describe('an amount as text', () => {
    it('shows whole fen as yuan', () => {
        expect(yuan(0), 'nothing still has its two decimals').toBe('0.00');
        expect(yuan(5), 'less than ten fen keeps its zeros').toBe('0.05');
        expect(money(2980), 'the currency stands before the amount').toBe('¥29.80');
        expect(yuan(123456789), 'thousands are set apart').toBe('1,234,567.89');
        expect(yuan('900719925474099299'), 'a sum that outgrows a number keeps each digit').toBe(
            '9,007,199,254,740,992.99',
        );
        expect(yuan(-250), 'a minus stays in front').toBe('-2.50');
    });

    it.each([
        ['19.99', 1999],
        ['0.29', 29],
        ['1.15', 115],
        ['4.35', 435],
        ['8', 800],
        ['8.', 800],
        ['.5', 50],
        ['0', 0],
        ['999999.99', MOST_FEN],
        // As a Chinese input method types it in its full width, and with its full stop for a point.
        ['１２．５', 1250],
        ['12。50', 1250],
        ['1,000.00', 100_000],
    ])('reads %s exactly', (text, fen) => {
        expect(readYuan(text), 'no digit passes through a fraction').toBe(fen);
    });

    it.each(['', '.', '1.234', '1,5', '12,50', ',100', '-1', '1e3', '1000000', '1,000,000', '12a', ' '])(
        'does not take %j',
        (text) => {
            expect(readYuan(text), 'what is no amount has no value').toBeNull();
        },
    );

    it('reads back every amount it shows', () => {
        for (let fen = 0; fen <= 30_000; fen += 1) {
            const text = yuan(fen);
            if (readYuan(text) !== fen) expect.fail(`${text} reads as ${readYuan(text)}, not ${fen}`);
        }
        expect(readYuan(yuan(99_999)), 'text and amount are one to one').toBe(99_999);
    });
});

describe('the keypad', () => {
    const type = (keys: string[]) => keys.reduce(typeYuan, '');

    it('builds an amount key by key', () => {
        expect(type(['1', '2', '.', '5']), 'digits and a point').toBe('12.5');
        expect(type(['.', '5']), 'a leading point gets its zero').toBe('0.5');
        expect(type(['0', '7']), 'a leading zero gives way').toBe('7');
    });

    it('drops keys that would make it no amount', () => {
        expect(type(['1', '.', '2', '.', '3', '4', '5']), 'one point, two decimals').toBe('1.23');
        expect(type(['1', '2', '3', '4', '5', '6', '7']), 'six digits at most').toBe('123456');
    });

    it('takes the last key back', () => {
        expect(type(['1', '2', 'Backspace', '3']), 'Backspace removes one').toBe('13');
        expect(type(['Backspace']), 'there is nothing to remove').toBe('');
    });
});

describe('a quantity', () => {
    it('is a whole number up to 9999', () => {
        expect(readQuantity('12'), 'a count').toBe(12);
        expect(readQuantity('0'), 'zero removes the line').toBe(0);
        expect(readQuantity('12345'), 'more than the till takes').toBeNull();
        expect(readQuantity('1.5'), 'pieces are whole').toBeNull();
        expect(readQuantity(''), 'nothing typed is no count').toBeNull();
    });
});
