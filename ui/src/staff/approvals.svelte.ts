/** Acts that a cashier may not do alone: tried first, and done once a manager has entered a PIN on the spot. */
import { Refusal, type ErrorCode, type Shown } from '../lib/backend/backend';

type ApprovedAct = (shown: Shown | null) => Promise<unknown>;

/** What is being asked for. */
export interface Wanted {
    /** A manager's PIN, or, where nobody has one yet, a plain yes. */
    kind: 'manager' | 'confirm';
    /** Names the text that says what is to be approved: `approve.<what>`. */
    what: string;
}

/** Refusals that another PIN can put right. */
const ABOUT_THE_PIN = new Set<ErrorCode>([
    'pin_wrong',
    'pin_shut',
    'pin_format',
    'needs_manager',
    'no_such_user',
]);

export class Approvals {
    wanted = $state.raw<Wanted | null>(null);
    /** What was wrong with the last PIN. */
    problem = $state.raw<Refusal | null>(null);

    #act: ApprovedAct | null = null;
    #end: ((answer: boolean) => void) | null = null;
    #fail: ((error: unknown) => void) | null = null;

    /** Answers whether it was done; `false` when nobody approved. Throws what the act throws for another reason. */
    async run(what: string, act: ApprovedAct): Promise<boolean> {
        try {
            await act(null);
            return true;
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            if (error.code === 'needs_manager') return this.#ask({ kind: 'manager', what }, act);
            if (error.code === 'needs_confirmation') return this.#ask({ kind: 'confirm', what }, act);
            throw error;
        }
    }

    #ask(wanted: Wanted, act: ApprovedAct): Promise<boolean> {
        this.#close(false);
        this.problem = null;
        this.wanted = wanted;
        this.#act = act;
        return new Promise((end, fail) => {
            this.#end = end;
            this.#fail = fail;
        });
    }

    /** Tries the act with what was shown. A wrong PIN leaves the question open. */
    async show(shown: Shown): Promise<void> {
        const act = this.#act;
        if (act === null) return;
        try {
            await act(shown);
            this.#close(true);
        } catch (error) {
            if (error instanceof Refusal && ABOUT_THE_PIN.has(error.code)) {
                this.problem = error;
                return;
            }
            const fail = this.#fail;
            this.#end = null;
            this.#close(false);
            fail?.(error);
        }
    }

    giveUp(): void {
        this.#close(false);
    }

    #close(answer: boolean): void {
        const end = this.#end;
        this.wanted = null;
        this.#act = null;
        this.#end = null;
        this.#fail = null;
        end?.(answer);
    }
}
