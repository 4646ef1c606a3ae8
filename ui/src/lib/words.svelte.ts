/** All texts of the pages, in the language the till is set to; changing it redraws, nothing is loaded again. */
import i18next, { type i18n } from 'i18next';
import type { Locale } from './backend/backend';
import english from '../messages/en.json';
import chinese from '../messages/zh-CN.json';

export class Words {
    locale = $state<Locale>('zh-CN');
    readonly #texts: i18n;

    constructor() {
        this.#texts = i18next.createInstance();
        void this.#texts.init({
            lng: 'zh-CN',
            fallbackLng: false,
            initAsync: false,
            // Codes from outside may hold a colon; there is one namespace only.
            nsSeparator: false,
            // Texts are drawn as text nodes, which need no escaping.
            interpolation: { escapeValue: false },
            resources: { 'zh-CN': { translation: chinese }, en: { translation: english } },
        });
    }

    /** The text of a key in the till's language. */
    t = (key: string, values: Record<string, string | number> = {}): string => {
        return this.in(this.locale, key, values);
    };

    /** The text of a key in a given language, where both stand beside each other. */
    in(locale: Locale, key: string, values: Record<string, string | number> = {}): string {
        return this.#texts.t(key, { lng: locale, ...values });
    }

    /** Whether there are words for a code that came from outside and may be new. */
    knows(key: string): boolean {
        return this.#texts.exists(key, { lng: this.locale });
    }
}
