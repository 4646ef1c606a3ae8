/** What the day page looks at: the stretch since the last Z, a Z, or any day. */
export type Look =
    | { at: 'x' }
    /** `fresh`: made a moment ago, and nothing of it has been printed yet. */
    | { at: 'z'; number: number; fresh: boolean }
    | { at: 'day'; day: string };
