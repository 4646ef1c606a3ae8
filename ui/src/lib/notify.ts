/** How notifies come, as the lamp and the settings say it. */
import type { NotifyView } from './backend/backend';
import { calendarDay, clockMinutes } from './time';

type Say = (key: string, values?: Record<string, string | number>) => string;

export interface NotifyLamp {
    tone: 'good' | 'warn' | 'bad' | 'off';
    /** On the lamp: short. */
    text: string;
    /** The whole sentence, with what to do next. */
    why: string;
}

/** What matters most stands on the lamp: a till that is not itself, then lost messages, then a broken callback. */
export function notifyLamp(notify: NotifyView, timeZone: string, t: Say): NotifyLamp {
    const at = (time: string) => clockMinutes(time, timeZone);
    switch (notify.link) {
        case 'polling_only':
            return { tone: 'off', text: t('lamp.notify_polling_only'), why: t('notify.polling_only') };
        case 'connecting':
            return { tone: 'off', text: t('lamp.notify_connecting'), why: t('notify.connecting') };
        case 'down': {
            const taken = notify.trouble === 'queue_taken';
            return {
                tone: taken ? 'bad' : 'warn',
                text: taken ? t('lamp.notify_taken') : t('lamp.notify_down', { since: at(notify.since) }),
                why: `${t(`notify.trouble.${notify.trouble}`)} ${t(`notify.next.${notify.trouble}`)}`,
            };
        }
        case 'up':
            break;
    }
    if (notify.deadLetters > 0) {
        const number = notify.deadLetters;
        return {
            tone: 'warn',
            text: t('lamp.notify_unusable', { number }),
            why: t('notify.unusable', { count: number }),
        };
    }
    if (notify.callbackBroken !== null) {
        const number = notify.callbackBroken;
        return { tone: 'warn', text: t('lamp.notify_broken'), why: t('notify.broken', { count: number }) };
    }
    const since = at(notify.since);
    return notify.lastMessage === null
        ? { tone: 'good', text: t('lamp.notify_up'), why: t('notify.up', { since }) }
        : {
              tone: 'good',
              text: t('lamp.notify_up_at', { at: at(notify.lastMessage) }),
              why: t('notify.up_at', { since, at: at(notify.lastMessage) }),
          };
}

/** Day and time, as a list has them. */
export function dayAndTime(at: string, timeZone: string): string {
    return `${calendarDay(at, timeZone)} ${clockMinutes(at, timeZone)}`;
}
