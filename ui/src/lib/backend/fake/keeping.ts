/** Copies of the invented till's ledger, and a self-check whose outcome is chosen from outside. */
import type {
    BackupCheck,
    BackupTrouble,
    BackupView,
    CheckCode,
    CheckFinding,
    CheckPart,
    KeepingView,
    SelfCheckView,
    Shown,
} from '../backend';
import { Refusal } from '../backend';

const FOLDER = '/home/shop/.local/share/org.scantill.till/shop/backups';
const LEDGER = '/home/shop/.local/share/org.scantill.till/shop/scantill.db';
const LOOKED_AT: [CheckCode, number][] = [
    ['file', 1284],
    ['journal', 9127],
    ['sales', 2211],
    ['sums', 2211],
    ['orders', 2240],
    ['goods', 2211],
    ['evidence', 2098],
    ['refunds', 14],
    ['stock', 36],
    ['books', 118],
    ['zs', 21],
    ['drawer', 312],
    ['records', 40],
    ['schema', 96],
];

export class FakeKeeping {
    /** What a restored till begins with: nobody signed in. */
    readonly #begin: () => void;

    folder = FOLDER;
    chosen = false;
    trouble: BackupTrouble | null = null;
    backups: BackupView[] = [backup(Date.now() - 3_600_000), backup(Date.now() - 90_000_000)];
    setAside: string[] = [];
    /** What the next check of a copy finds; the rest is made up. */
    check: Partial<BackupCheck> = {};
    /** The last Z on paper, as it was given when a copy took the ledger's place. */
    lastZ: number | null = null;
    /** What the next self-check finds wrong. */
    wrong: Partial<Record<CheckCode, CheckFinding[]>> = {};
    /** How long looking at everything takes, in milliseconds. */
    takes = 300;

    constructor(begin: () => void) {
        this.#begin = begin;
    }

    commands(approve: (shown: Shown | null) => void) {
        return {
            keeping: (): Promise<KeepingView> =>
                Promise.resolve({
                    folder: this.folder,
                    chosen: this.chosen,
                    keepDays: 14,
                    last: this.backups[0]?.madeAt ?? null,
                    trouble: this.trouble,
                    underWay: false,
                    backups: this.backups,
                    setAside: this.setAside,
                }),
            backUpNow: async (): Promise<BackupView> => {
                await this.#wait();
                if (this.trouble !== null) throw new Refusal(this.trouble.error);
                const made = backup(Date.now());
                this.backups = [made, ...this.backups];
                return made;
            },
            checkBackup: async (name: string): Promise<BackupCheck> => {
                await this.#wait();
                const found = this.backups.find((one) => one.name === name);
                if (found === undefined) throw new Refusal({ code: 'no_such_backup', detail: name });
                return {
                    name,
                    until: found.madeAt,
                    sales: 2198,
                    journal: 'holds',
                    relation: { relation: 'older', rows: 57 },
                    anothers: false,
                    lastZ: { inCopy: 145, found: 146, most: 10_145, ledgerRead: true },
                    ...this.check,
                };
            },
            restoreBackup: async (_name: string, _anothers: boolean, lastZ: number, shown: Shown | null) => {
                approve(shown);
                this.lastZ = lastZ;
                await this.#wait();
                const setAside = `${LEDGER}.aside-20261123T093012Z`;
                this.setAside = [setAside, ...this.setAside];
                this.#begin();
                return { setAside };
            },
            selfCheck: async (): Promise<SelfCheckView> => {
                await this.#wait();
                const parts: CheckPart[] = LOOKED_AT.map(([check, lookedAt]) => ({
                    check,
                    lookedAt,
                    wrong: this.wrong[check] ?? [],
                    more: 0,
                }));
                const holds = parts.every((part) => part.wrong.length === 0);
                return { holds, at: new Date().toISOString(), ledger: LEDGER, parts };
            },
        };
    }

    #wait(): Promise<void> {
        return new Promise((done) => setTimeout(done, this.takes));
    }
}

function backup(at: number): BackupView {
    const madeAt = new Date(at).toISOString();
    const stamp = madeAt.replace(/[-:]/g, '').replace(/\.\d+/, '');
    return { name: `scantill-T01-${stamp}.db`, tillId: 'T01', madeAt, kib: 5136 };
}
