/**
 * What the pages need from the till behind them.
 *
 * The commands and their types come from the generated contract, so an implementation that misses one does not
 * compile. A command rejects with a `Refusal` when the till said no, and with anything else when no answer came.
 */
import type { commands, CommandError, CustomerView, ErrorCode, ExportProgress, Snapshot } from './bindings';

export type * from './bindings';

type Contract = typeof commands;

type Answer<Command extends (...args: never[]) => unknown> =
    Awaited<ReturnType<Command>> extends infer Reply
        ? Reply extends { status: 'ok'; data: infer Data }
            ? Data
            : never
        : never;

/** Each command of the contract, with its refusal thrown instead of returned. Watching is a subscription, see `onCustomer`. */
export type Commands = {
    [Name in Exclude<keyof Contract, 'watchCustomer'>]: (
        ...args: Parameters<Contract[Name]>
    ) => Promise<Answer<Contract[Name]>>;
};

/** Stops a subscription. */
export type Unsubscribe = () => void;

export interface Backend extends Commands {
    /** Calls back with each snapshot of the till window as it is pushed. */
    onSnapshot(seen: (snapshot: Snapshot) => void): Promise<Unsubscribe>;
    /** Calls back with each view of the customer display as it is pushed. */
    onCustomer(seen: (view: CustomerView) => void): Promise<Unsubscribe>;
    /** Calls back with how far a file is while it is written. */
    onExportProgress(seen: (progress: ExportProgress) => void): Promise<Unsubscribe>;
}

/** The till answered, and the answer is no. */
export class Refusal extends Error {
    readonly code: ErrorCode;
    readonly detail: string;

    constructor(error: CommandError) {
        super(`${error.code}: ${error.detail}`);
        this.code = error.code;
        this.detail = error.detail;
    }
}
