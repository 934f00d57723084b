/** The largest image the API takes (API docs: 10 MB). */
export const MAX_IMAGE_BYTES = 10 * 1024 * 1024;

/** How many bytes of a file tell its type. */
export const SIGNATURE_LENGTH = 16;

/** The types the API takes (API docs: JPEG, PNG or WebP). */
export type ImageType = 'image/jpeg' | 'image/png' | 'image/webp';

/** The type of an image by its first bytes, whatever it is called; null when the API takes none such. */
export function imageTypeOf(start: Uint8Array): ImageType | null {
	const ascii = String.fromCharCode(...start.slice(0, SIGNATURE_LENGTH));
	if (ascii.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
	if (ascii.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
	return ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP' ? 'image/webp' : null;
}

/** `11534336` → `11.0 MB`. */
export function formatMegabytes(bytes: number): string {
	return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
