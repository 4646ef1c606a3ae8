/** What the day page looks at: the stretch since the last Z, a Z, or any day. */
export type Look = { at: 'x' } | { at: 'z'; number: number } | { at: 'day'; day: string };
