import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { htmlPage, text, type Answer, type ByteSource } from '../http/answer';

const ASSETS = join(__dirname, '..', 'assets');
const MEBIBYTE = 1024 * 1024;
const HUGE_BYTES = 11 * MEBIBYTE;
const CHUNK_BYTES = 64 * 1024;

export const DEFAULT_IMAGE = 'photo.jpg';

const TYPES: Readonly<Record<string, { asset: string; contentType: string }>> = {
	jpg: { asset: 'photo.jpg', contentType: 'image/jpeg' },
	png: { asset: 'photo.png', contentType: 'image/png' },
	webp: { asset: 'photo.webp', contentType: 'image/webp' },
};

function asset(name: string): Buffer {
	return readFileSync(join(ASSETS, name));
}

function image(body: Answer['body'], contentType: string): Answer {
	return { status: 200, headers: { 'content-type': contentType }, body };
}

function huge(length: number | null): ByteSource {
	return {
		length,
		*chunks() {
			const start = asset('photo.jpg');
			yield start;
			const zeros = Buffer.alloc(CHUNK_BYTES);
			for (let sent = start.length; sent < HUGE_BYTES; sent += CHUNK_BYTES) {
				yield zeros.subarray(0, Math.min(CHUNK_BYTES, HUGE_BYTES - sent));
			}
		},
	};
}

const ODD_IMAGES: Readonly<Record<string, (method: string) => Answer | 'hang'>> = {
	missing: () => text(404, 'Not Found'),
	gone: () => text(410, 'Gone'),
	forbidden: () => text(403, 'Forbidden'),
	error: () => text(500, 'Internal Server Error'),
	'no-head': (method) =>
		method === 'HEAD'
			? text(405, 'Method Not Allowed', undefined, { allow: 'GET' })
			: image(asset('photo.jpg'), 'image/jpeg'),
	page: () => htmlPage(200),
	'page-as-jpeg.jpg': () => image(htmlPage(200).body, 'image/jpeg'),
	'gif.gif': () => image(asset('animation.gif'), 'image/gif'),
	'huge.jpg': () => image(huge(HUGE_BYTES), 'image/jpeg'),
	'huge-chunked.jpg': () => image(huge(null), 'image/jpeg'),
	'slow.jpg': () => 'hang',
	redirect: () => text(302, '', undefined, { location: `/images/${DEFAULT_IMAGE}` }),
	'redirect-loop': () => text(302, '', undefined, { location: '/images/redirect-loop' }),
	'octet-stream.jpg': () => image(asset('photo.jpg'), 'application/octet-stream'),
};

/** Names under `/images/` that misbehave, each in its own way. */
export const ODD_IMAGE_NAMES: readonly string[] = Object.keys(ODD_IMAGES);

/** What `GET /images/<name>` answers; `hang` for the image that never comes. */
export function answerImage(name: string, method: string): Answer | 'hang' {
	const odd = Object.hasOwn(ODD_IMAGES, name) ? ODD_IMAGES[name] : undefined;
	if (odd !== undefined) return odd(method);
	const extension = /^[^/]+\.(jpg|png|webp)$/.exec(name)?.[1] ?? '';
	const type = TYPES[extension];
	if (type === undefined) return text(404, 'Not Found');
	return image(asset(type.asset), type.contentType);
}
