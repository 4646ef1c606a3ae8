/** What the day page looks at: the stretch since the last Z, a Z, or any day. */
export type Look =
    | { at: 'x' }
    | { at: 'z'; number: number }
    /** `null`: the business day that goes on, which may have begun yesterday. */
    | { at: 'day'; day: string | null };
