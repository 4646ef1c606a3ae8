/** The size of a file as a person reads it. */

/** `512 KB`, `5.0 MB`, `1.2 GB`, from KiB. */
export function fileSize(kib: number): string {
    if (kib < 1024) return `${kib} KB`;
    const mib = kib / 1024;
    return mib < 1024 ? `${mib.toFixed(1)} MB` : `${(mib / 1024).toFixed(1)} GB`;
}
