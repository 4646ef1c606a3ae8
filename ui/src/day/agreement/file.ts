/** A file's bytes as base64, which is how they cross to the till. */
export function base64Of(file: File): Promise<string> {
    return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onerror = () => reject(reader.error ?? new Error('the file was not read'));
        // `data:…;base64,` comes before it; of an empty file there is nothing at all.
        reader.onload = () => resolve(String(reader.result).split(',', 2)[1] ?? '');
        reader.readAsDataURL(file);
    });
}
