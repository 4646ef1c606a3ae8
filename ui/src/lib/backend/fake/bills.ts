/** The invented till's agreement with an invented bill. */
import type {
    AgreementView,
    BillCauseView,
    BillDifferenceView,
    BillImportResult,
    BillNoteView,
    BillSubject,
    BillView,
    ErrorCode,
    Shown,
    WayOut,
} from '../backend';
import { Refusal } from '../backend';
import { dayOf } from './history';

/** What the bill of every past day is like. */
export type BillStage = 'same' | 'differences' | 'too_early' | 'waiting' | 'out_of_reach' | 'nothing';

const DAY = 86_400_000;

function refuse(code: ErrorCode, detail = ''): never {
    throw new Refusal({ code, detail });
}

export class FakeBills {
    version = 1;
    stage: BillStage = 'same';
    readonly #notes = new Map<string, BillNoteView[]>();
    readonly #signed = new Map<string, string>();

    become(stage: BillStage): void {
        this.stage = stage;
        this.version += 1;
    }

    commands(change: (act: () => void) => Promise<null>, approve: (shown: Shown | null) => void) {
        return {
            agreement: async (day: string | null) => this.#view(day),
            noteDifference: async (day: string, subject: BillSubject, asOf: string, text: string) =>
                change(() => {
                    const difference = this.#view(day).differences.find(
                        (it) => same(it.subject, subject) && it.asOf === asOf,
                    );
                    if (difference === undefined) refuse('no_such_difference');
                    if (text.trim() === '') refuse('note_wrong');
                    const note = {
                        at: new Date().toISOString(),
                        by: '李娜',
                        text: text.trim(),
                        earlier: false,
                    };
                    const key = day + JSON.stringify(subject) + asOf;
                    this.#notes.set(key, [...(this.#notes.get(key) ?? []), note]);
                    this.version += 1;
                }),
            signOff: async (day: string) =>
                change(() => {
                    const view = this.#view(day);
                    if (view.sides === null) refuse('no_bill');
                    if (view.open > 0) refuse('differences_open', String(view.open));
                    this.#signed.set(day, new Date().toISOString());
                    this.version += 1;
                }),
            importBill: async (file: string, shown: Shown | null): Promise<BillImportResult> => {
                if (!file.startsWith('H4sI')) {
                    return { result: 'wrong', fault: { code: 'column', subject: '交易时间', line: null } };
                }
                approve(shown);
                await change(() => this.become('same'));
                return { result: 'imported', day: dayOf(Date.now() - DAY) };
            },
        };
    }

    #view(asked: string | null): AgreementView {
        const day = asked ?? dayOf(Date.now() - DAY);
        const bill = this.#bill(day);
        if (bill.bill !== 'here') return { day, bill, sides: null, differences: [], open: 0, signed: null };
        const differences = this.stage === 'differences' ? this.#differences(day) : [];
        const sum = (count: number, fen: number) => ({ count, sumFen: String(fen) });
        const more = this.stage === 'differences';
        const nothing = this.stage === 'nothing';
        const signedAt = this.#signed.get(day);
        return {
            day,
            bill,
            sides: {
                paidHere: nothing ? sum(0, 0) : sum(298, 801_150),
                paidThere: nothing ? sum(0, 0) : more ? sum(300, 804_051) : sum(298, 801_150),
                refundedHere: nothing ? sum(0, 0) : sum(2, 3_100),
                refundedThere: nothing ? sum(0, 0) : sum(2, 3_100),
                fee: nothing ? '0.00000' : '47.88000',
                rates: nothing ? [] : ['0.60%'],
                otherTills: nothing
                    ? []
                    : [
                          { tillId: 'T02', paid: sum(112, 290_480), refunded: sum(1, 1_580) },
                          { tillId: '', paid: sum(3, 12_700), refunded: sum(0, 0) },
                      ],
            },
            differences,
            open: differences.filter((difference) => !difference.settled).length,
            signed: signedAt === undefined ? null : { at: signedAt, by: '李娜', changed: false },
        };
    }

    #bill(day: string): BillView {
        const ready = new Date(Date.parse(`${day}T02:00:00Z`) + DAY).toISOString();
        const stage = day >= dayOf(Date.now()) ? 'too_early' : this.stage;
        switch (stage) {
            case 'too_early':
                return { bill: 'too_early', readyAt: ready };
            case 'waiting':
                return {
                    bill: 'waiting',
                    tries: 3,
                    nextAt: new Date(Date.parse(ready) + 420_000).toISOString(),
                    trouble: {
                        code: 'unusable',
                        said: '',
                        fault: { code: 'gzip', subject: '', line: null },
                    },
                };
            case 'out_of_reach':
                return { bill: 'out_of_reach' };
            case 'same':
            case 'differences':
            case 'nothing':
                return {
                    bill: 'here',
                    receivedAt: ready,
                    source: 'fetched',
                    nothing: stage === 'nothing',
                };
        }
    }

    /** What was written on the fee before the bill was fetched again. */
    #earlier(day: string, cause: BillCauseView): BillNoteView[] {
        if (cause.cause !== 'fee_differs') return [];
        const at = new Date(Date.parse(`${day}T04:00:00Z`) + DAY).toISOString();
        return [{ at, by: '王芳', text: '已问微信客服', earlier: true }];
    }

    #differences(day: string): BillDifferenceView[] {
        const short = day.slice(2).replaceAll('-', '');
        const order = (serial: string, tail: string): BillSubject => ({
            about: 'order',
            outTradeNo: `T01-${short}-${serial}-${tail}`,
        });
        const next = dayOf(Date.parse(`${day}T04:00:00Z`) + DAY);
        const planted: [BillSubject, string, number, number, BillCauseView, WayOut[]][] = [
            [
                order('000187', '3QXD'),
                '12:07:41',
                0,
                1_200,
                { cause: 'review', why: 'paid_after_deadline', amountFen: '1200', onBill: true },
                ['adopt', 'refund', 'note'],
            ],
            [order('000201', 'K7F2'), '13:20:05', 0, 1_701, { cause: 'only_there' }, ['note']],
            [
                order('000233', 'M4TA'),
                '18:41:30',
                2_980,
                2_980,
                { cause: 'fee_differs', rate: '0.60%', expected: '0.17880', charged: '0.20000' },
                ['note'],
            ],
            [
                order('000298', '7F3K'),
                '23:59:59',
                1_580,
                0,
                { cause: 'day_boundary', here: day, there: next },
                ['note'],
            ],
        ];
        return planted.map(([subject, time, here, there, cause, waysOut]) => {
            const asOf = `${cause.cause} ${here} ${there}`;
            const notes = this.#notes.get(day + JSON.stringify(subject) + asOf) ?? [];
            return {
                subject,
                asOf,
                at: new Date(Date.parse(`${day}T${time}+08:00`)).toISOString(),
                hereFen: String(here),
                thereFen: String(there),
                cause,
                waysOut,
                settled: cause.cause === 'day_boundary' || notes.length > 0,
                notes: [...this.#earlier(day, cause), ...notes],
            };
        });
    }
}

function same(one: BillSubject, other: BillSubject): boolean {
    return JSON.stringify(one) === JSON.stringify(other);
}
