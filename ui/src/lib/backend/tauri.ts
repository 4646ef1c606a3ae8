/** The till behind the desktop window. The only file that touches `@tauri-apps/*` and the generated commands. */
import { Channel } from '@tauri-apps/api/core';
import { commands, events } from './bindings';
import { Refusal, type Backend, type CommandError, type Commands, type CustomerView } from './backend';

type Reply = { status: 'ok'; data: unknown } | { status: 'error'; error: CommandError };

function throwing(): Commands {
    const entries = Object.entries(commands).map(([name, command]) => {
        const call = command as (...args: unknown[]) => Promise<Reply>;
        const wrapped = async (...args: unknown[]) => {
            const reply = await call(...args);
            if (reply.status === 'error') throw new Refusal(reply.error);
            return reply.data;
        };
        return [name, wrapped] as const;
    });
    // The keys are those of `commands` itself; only the way a refusal arrives has changed.
    return Object.fromEntries(entries) as unknown as Commands;
}

export function tauriBackend(): Backend {
    return {
        ...throwing(),
        onSnapshot: (seen) => events.snapshot.listen((event) => seen(event.payload)),
        onExportProgress: (seen) => events.exportProgress.listen((event) => seen(event.payload)),
        onCustomer: async (seen) => {
            const news = new Channel<CustomerView>(seen);
            await commands.watchCustomer(news);
            return () => (news.onmessage = () => undefined);
        },
    };
}
