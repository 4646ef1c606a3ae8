/** What an import of products says: all rows right, or which are wrong. */
import type { ImportResult, WrongRow } from '../backend';

export function imported(csv: string): ImportResult {
    const rows = csv.split(/\r?\n/).filter((row) => row !== '');
    if (!rows[0]?.includes('name')) {
        return {
            result: 'wrong',
            rows: [{ line: 1, column: 'name', code: 'header_missing', found: rows[0] ?? '' }],
        };
    }
    const wrong = rows.slice(1).flatMap((row, index): WrongRow[] => {
        const [name = '', , price = ''] = row.split(',');
        const line = index + 2;
        if (name === '') return [{ line, column: 'name', code: 'name_empty', found: '' }];
        if (/^\d+(\.\d{1,2})?$/.test(price)) return [];
        return [{ line, column: 'price', code: 'price_not_money', found: price }];
    });
    if (wrong.length > 0) return { result: 'wrong', rows: wrong };
    return { result: 'imported', products: rows.length - 1 };
}
