import { describe, expect, it } from 'vitest';
import { readText } from './text';

const bytes = (...values: number[]) => Uint8Array.from(values).buffer;

describe('a product list', () => {
    it('is read as UTF-8, with or without its mark', () => {
        expect(readText(bytes(0xe8, 0x8c, 0xb6)), 'plain UTF-8').toBe('茶');
        expect(readText(bytes(0xef, 0xbb, 0xbf, 0xe8, 0x8c, 0xb6)), 'the mark is no part of the text').toBe(
            '茶',
        );
    });

    it('is read as GB 18030 when it is no UTF-8', () => {
        expect(readText(bytes(0xb2, 0xe8, 0x2c)), 'as spreadsheets in China save it').toBe('茶,');
    });
});
