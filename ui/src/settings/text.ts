/** Reads a file's bytes as text: UTF-8, or what spreadsheets in China save, GB 18030. */
export function readText(bytes: ArrayBuffer): string {
    try {
        return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
        return new TextDecoder('gb18030').decode(bytes);
    }
}
