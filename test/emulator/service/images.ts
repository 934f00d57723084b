import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { htmlPage, text, type Answer } from '../http/answer';

const ASSETS = join(__dirname, '..', 'assets');
const HUGE_BYTES = 11 * 1024 * 1024;

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

const huge = (): Answer =>
	image(Buffer.concat([asset('photo.jpg'), Buffer.alloc(HUGE_BYTES)]), 'image/jpeg');

const ODD_IMAGES: Readonly<Record<string, () => Answer | 'hang'>> = {
	missing: () => text(404, 'Not Found'),
	gone: () => text(410, 'Gone'),
	forbidden: () => text(403, 'Forbidden'),
	error: () => text(500, 'Internal Server Error'),
	page: () => htmlPage(200),
	'page-as-jpeg.jpg': () => image(htmlPage(200).body, 'image/jpeg'),
	'gif.gif': () => image(asset('animation.gif'), 'image/gif'),
	'huge.jpg': huge,
	'huge-chunked.jpg': () => ({ ...huge(), isChunked: true }),
	'slow.jpg': () => 'hang',
	redirect: () => text(302, '', undefined, { location: `/images/${DEFAULT_IMAGE}` }),
	'redirect-loop': () => text(302, '', undefined, { location: '/images/redirect-loop' }),
	'octet-stream.jpg': () => image(asset('photo.jpg'), 'application/octet-stream'),
};

/** Names under `/images/` that misbehave, each in its own way. */
export const ODD_IMAGE_NAMES: readonly string[] = Object.keys(ODD_IMAGES);

/** What `GET /images/<name>` answers; `hang` for the image that never comes. */
export function answerImage(name: string): Answer | 'hang' {
	const odd = Object.hasOwn(ODD_IMAGES, name) ? ODD_IMAGES[name] : undefined;
	if (odd !== undefined) return odd();
	const extension = /^[^/]+\.(jpg|png|webp)$/.exec(name)?.[1] ?? '';
	const type = TYPES[extension];
	if (type === undefined) return text(404, 'Not Found');
	return image(asset(type.asset), type.contentType);
}
