/** Names one intent of the cashier (a version 4 UUID), so that asking twice for the same thing does it once. */
export function newClick(): string {
    // `crypto.randomUUID` is missing where the page's scheme does not count as secure.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The last characters of a long number, marked as a part. */
export function tail(text: string, length: number): string {
    return text.length <= length ? text : `…${text.slice(-length)}`;
}
