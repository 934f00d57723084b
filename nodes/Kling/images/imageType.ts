import { Refusal, type Settled } from '../api/failure';

/** The largest image the API takes (API docs: 10 MB). */
export const MAX_IMAGE_BYTES = 10 * 2 ** 20;

export const SIGNATURE_LENGTH = 16;

const textOf = (start: Uint8Array) => String.fromCharCode(...start.slice(0, SIGNATURE_LENGTH));

/** The type of an image by its first bytes, if the API takes it (API docs: JPEG, PNG or WebP); else null. */
export function imageTypeOf(start: Uint8Array): string | null {
	const text = textOf(start);
	if (text.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
	if (text.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
	return text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP' ? 'image/webp' : null;
}

/** `ftyp` and the brand of a file, by which phones mark their pictures (ISO/IEC 23008-12, AVIF). */
const PHONE_PICTURE = /^.{4}ftyp(?:(avi[fs])|(?:he(?:ic|ix|im|is|vc|vx)|mif1|msf1))/s;

/** The type of an image, or why the API does not take it; `hint` is for a file that is no picture at all. */
export function judgeImage(
	subject: string,
	{ start, bytes }: { start: Uint8Array; bytes: number | null },
	hint: string,
): Settled<string> {
	if (bytes !== null && bytes > MAX_IMAGE_BYTES) {
		return new Refusal(
			`${subject}, which has ${(bytes / 2 ** 20).toFixed(1)} MB, and at most 10 MB are allowed`,
			'Make the image smaller first, for example with the Edit Image node.',
		);
	}
	const type = imageTypeOf(start);
	if (type !== null) return type;
	const phonePicture = PHONE_PICTURE.exec(textOf(start));
	if (phonePicture === null) {
		return new Refusal(`${subject}, which is not a JPEG, PNG or WebP image`, hint);
	}
	const format = phonePicture[1] === undefined ? 'HEIC' : 'AVIF';
	return new Refusal(
		`${subject}, which is a picture in ${format}, and only JPEG, PNG and WebP are allowed`,
		`Save it as JPEG where it comes from (an iPhone does so with Settings > Camera > Formats > Most Compatible), or let an image service convert it. n8n's Edit Image node cannot read ${format}.`,
	);
}
