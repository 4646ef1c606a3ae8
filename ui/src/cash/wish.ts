/** One wish about money: asked twice before its answer, or again after silence, it goes out under the same name. */
import { Refusal } from '../lib/backend/backend';
import { newClick } from '../lib/identifiers';

export class Wish {
    #click: string | null = null;

    /** Runs the act under the name of this wish. Only an answer, yes or no, ends the wish. */
    async run<Answer>(act: (click: string) => Promise<Answer>): Promise<Answer> {
        const click = (this.#click ??= newClick());
        try {
            const answer = await act(click);
            this.#click = null;
            return answer;
        } catch (error) {
            if (error instanceof Refusal) this.#click = null;
            throw error;
        }
    }
}
