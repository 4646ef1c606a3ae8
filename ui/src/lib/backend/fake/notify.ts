/** Notifies of the invented till: the lamp, messages of no use, and a probe that comes back or not. */
import type { DeadLetterView, NotifyTrouble, NotifyView, ProbeResult } from '../backend';

const REST = { lastMessage: null, callbackBroken: null, deadLetters: 0 };

export class FakeNotify {
    view: NotifyView = { ...REST, link: 'polling_only' };
    letters: DeadLetterView[] = [];
    /** What the next probe comes to, and how long it takes in milliseconds. */
    probe: ProbeResult = { probe: 'back', millis: 42 };
    probeTakes = 300;

    connecting(): void {
        this.view = { ...REST, link: 'connecting' };
    }

    up(lastMessage: string | null = null): void {
        this.view = { ...REST, link: 'up', since: new Date().toISOString(), lastMessage };
    }

    down(trouble: NotifyTrouble = 'unreachable'): void {
        const since = new Date().toISOString();
        this.view = { ...REST, link: 'down', since, trouble, detail: 'connection refused' };
    }

    callbackBroken(payments = 3): void {
        this.view = { ...this.view, callbackBroken: payments };
    }

    /** A message of no use came. */
    letter(letter: DeadLetterView): void {
        this.letters = [letter, ...this.letters];
        this.view = { ...this.view, deadLetters: this.view.deadLetters + 1 };
    }

    commands(change: (act: () => void) => Promise<null>) {
        return {
            probeNotify: async (): Promise<ProbeResult> => {
                await new Promise((done) => setTimeout(done, this.probeTakes));
                return this.probe;
            },
            deadLetters: async () => this.letters,
            deadLettersSeen: async () =>
                change(() => {
                    this.view = { ...this.view, deadLetters: 0 };
                }),
        };
    }
}
