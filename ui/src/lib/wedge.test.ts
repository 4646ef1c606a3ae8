import { describe, expect, it } from 'vitest';
import { BarcodeWedge, LONGEST_GAP, type Heard } from './wedge';

function press(wedge: BarcodeWedge, text: string, gap: number, from = 0): { last: Heard; at: number } {
    let last: Heard = { heard: 'nothing' };
    let at = from;
    for (const key of text) {
        last = wedge.press(key, at);
        at += gap;
    }
    return { last, at };
}

describe('a scanner posing as a keyboard', () => {
    it('is heard when its keys are quick and end with Enter', () => {
        const wedge = new BarcodeWedge();
        const { at } = press(wedge, '6901234500001', 8);
        expect(wedge.press('Enter', at), 'thirteen quick digits and Enter are a code').toEqual({
            heard: 'code',
            code: '6901234500001',
        });
    });

    it('is told from a fast typist', () => {
        const wedge = new BarcodeWedge();
        const { at } = press(wedge, '6901234500001', LONGEST_GAP);
        expect(wedge.press('Enter', at), 'gaps as long as the limit are a hand').toEqual({
            heard: 'nothing',
        });
    });

    it('needs six characters', () => {
        const wedge = new BarcodeWedge();
        const { at } = press(wedge, '12345', 5);
        expect(wedge.press('Enter', at), 'five characters are too few').toEqual({ heard: 'nothing' });
        const six = press(wedge, '123456', 5, 1000);
        expect(wedge.press('Enter', six.at), 'six are enough').toEqual({ heard: 'code', code: '123456' });
    });

    it('needs its Enter in time', () => {
        const wedge = new BarcodeWedge();
        const { at } = press(wedge, '12345678', 5);
        expect(wedge.press('Enter', at + 200), 'a late Enter is a person sending a form').toEqual({
            heard: 'nothing',
        });
    });

    it('leaves out what a person typed just before', () => {
        const wedge = new BarcodeWedge();
        press(wedge, 'kele', 120);
        const { at } = press(wedge, '69012345', 6, 2000);
        expect(wedge.press('Enter', at), 'the code begins where the quick keys begin').toEqual({
            heard: 'code',
            code: '69012345',
        });
    });

    it('says where a possible code begins, so that the field can be put back', () => {
        const wedge = new BarcodeWedge();
        expect(wedge.press('6', 0), 'the first key may begin a code').toEqual({ heard: 'first' });
        expect(wedge.press('9', 10), 'a quick second key goes on').toEqual({ heard: 'more' });
        expect(wedge.press('0', 100), 'a slow key begins anew').toEqual({ heard: 'first' });
    });

    it('lets Shift pass within a code and forgets at any other key', () => {
        const wedge = new BarcodeWedge();
        press(wedge, 'ABC', 4);
        wedge.press('Shift', 13);
        const { at } = press(wedge, 'DEF', 4, 16);
        expect(wedge.press('Enter', at), 'Shift is how capitals are typed').toEqual({
            heard: 'code',
            code: 'ABCDEF',
        });
        press(wedge, '123456', 4, 1000);
        wedge.press('Tab', 1024);
        expect(wedge.press('Enter', 1028), 'Tab has left the field').toEqual({ heard: 'nothing' });
    });

    it('does not carry one code into the next', () => {
        const wedge = new BarcodeWedge();
        const first = press(wedge, '11111111', 5);
        wedge.press('Enter', first.at);
        const second = press(wedge, '22222222', 5, first.at + 5);
        expect(wedge.press('Enter', second.at), 'each Enter ends its own code').toEqual({
            heard: 'code',
            code: '22222222',
        });
    });
});
