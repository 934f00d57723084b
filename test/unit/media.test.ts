import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';

import { reasonAgainst, wholeSize } from '../../nodes/Kling/images/checkImages';
import {
	formatMegabytes,
	imageTypeOf,
	MAX_IMAGE_BYTES,
	SIGNATURE_LENGTH,
} from '../../nodes/Kling/images/imageType';
import { asStream, readStart } from '../../nodes/Kling/n8n/streams';

const ASSETS = join(__dirname, '..', 'emulator', 'assets');

const asset = (name: string) => readFileSync(join(ASSETS, name));

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('the type of an image', () => {
	test.each([
		['photo.jpg', 'image/jpeg'],
		['photo.png', 'image/png'],
		['photo.webp', 'image/webp'],
		['animation.gif', null],
		['video-5s.mp4', null],
		['README.md', null],
	])('%s is %s', (name, type) => {
		expect(imageTypeOf(asset(name))).toBe(type);
		expect(imageTypeOf(asset(name).subarray(0, SIGNATURE_LENGTH))).toBe(type);
	});

	test.each([
		['nothing at all', '', null],
		['a JPEG of the other kind', '\xff\xd8\xff\xe1\x00\x00Exif', 'image/jpeg'],
		['a JPEG cut after two bytes', '\xff\xd8', null],
		['a PNG cut before its last byte', '\x89PNG\r\n\x1a', null],
		['a PNG spoilt by a text transfer', '\x89PNG\n\x1a\n\x00\x00', null],
		['a WAV, which is RIFF as well', 'RIFF\x00\x00\x00\x00WAVEfmt ', null],
		['a WebP without its size', 'RIFFWEBP', null],
		['an AVIF', '\x00\x00\x00\x20ftypavif', null],
		['an SVG', '<svg xmlns="http://www.w3.org/2000/svg">', null],
		['a page', '<!doctype html><title>photo.jpg', null],
		['a JPEG behind a blank', ' \xff\xd8\xff\xe0', null],
	])('%s: %#', (_, start, type) => {
		expect(imageTypeOf(latin1(start))).toBe(type);
	});

	test('is decided by the first bytes alone', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 64 }), (rest) => {
				const whole = Buffer.concat([latin1('\x89PNG\r\n\x1a\n'), rest]);
				expect(imageTypeOf(whole)).toBe('image/png');
			}),
		);
	});
});

describe('the size of the whole file', () => {
	test.each([
		[200, { 'content-length': '14324' }, 14_324],
		[200, { 'content-length': 0 }, 0],
		[200, {}, null],
		[200, { 'content-length': 'many' }, null],
		[206, { 'content-range': 'bytes 0-15/14324', 'content-length': '16' }, 14_324],
		[206, { 'content-range': 'bytes 0-15/*', 'content-length': '16' }, null],
		[206, { 'content-length': '16' }, null],
		// A server that answers with the whole file although it mentions a range.
		[200, { 'content-range': 'bytes 0-15/99', 'content-length': '14324' }, 14_324],
	])('%d with %o is %s', (status, headers, bytes) => {
		expect(wholeSize(status, headers)).toBe(bytes);
	});
});

describe('what is said against an image address', () => {
	const jpeg = asset('photo.jpg').subarray(0, SIGNATURE_LENGTH);
	const gif = asset('animation.gif').subarray(0, SIGNATURE_LENGTH);
	const nothing = Buffer.alloc(0);

	test.each([
		['a picture', 200, jpeg, 14_324, null],
		['a part of a picture', 206, jpeg, 14_324, null],
		['a picture of unknown size', 200, jpeg, null, null],
		['a picture as large as allowed', 200, jpeg, MAX_IMAGE_BYTES, null],
		['one byte more', 200, jpeg, MAX_IMAGE_BYTES + 1, /at most 10 MB/],
		['a large picture', 206, jpeg, 11 * 1024 * 1024, /11\.0 MB, and at most 10 MB/],
		['a GIF', 200, gif, 7_132, /no JPEG, PNG or WebP/],
		['a page', 200, latin1('<!doctype html>'), 500, /no JPEG, PNG or WebP/],
		['nothing', 200, nothing, 0, /no JPEG, PNG or WebP/],
		['no content', 204, nothing, null, /no JPEG, PNG or WebP/],
		['not found', 404, nothing, 9, /404/],
		['not found, with a picture saying so', 404, jpeg, 14_324, /404/],
		['gone', 410, nothing, 4, /410/],
	])('%s with %d', (_, status, start, bytes, reason) => {
		const said = reasonAgainst({ status, start, bytes });
		if (reason === null) expect(said).toBeNull();
		else expect(said).toMatch(reason);
	});

	test.each([301, 304, 400, 401, 403, 405, 416, 429, 500, 502, 503, 504])(
		'nothing is said against one that answers %d to a first look',
		(status) => {
			expect(reasonAgainst({ status, start: latin1('<html>'), bytes: 6 })).toBeNull();
		},
	);
});

describe('megabytes as text', () => {
	test.each([
		[11 * 1024 * 1024, '11.0 MB'],
		[10.5 * 1024 * 1024, '10.5 MB'],
		[1024 * 1024 * 1024, '1024.0 MB'],
	])('%d bytes read as “%s”', (bytes, text) => {
		expect(formatMegabytes(bytes)).toBe(text);
	});
});

describe('the first bytes of a stream', () => {
	const pieces = (...lengths: number[]) => {
		let next = 0;
		return lengths.map((length) => Buffer.from(Array.from({ length }, () => next++)));
	};

	test.each([
		['one large piece', pieces(40)],
		['exactly as many as wanted', pieces(16)],
		['single bytes', pieces(...Array.from({ length: 20 }, () => 1))],
		['a piece across the border', pieces(10, 10)],
		['empty pieces between', pieces(0, 9, 0, 9)],
	])('are taken from %s, and the stream is closed', async (_, chunks) => {
		const stream = Readable.from(chunks);
		const start = await readStart(stream, SIGNATURE_LENGTH);
		expect([...start]).toEqual(Array.from({ length: SIGNATURE_LENGTH }, (_value, index) => index));
		expect(stream.destroyed).toBe(true);
	});

	test('are all there are when there are fewer', async () => {
		expect([...(await readStart(Readable.from(pieces(3)), 16))]).toEqual([0, 1, 2]);
		expect([...(await readStart(Readable.from([]), 16))]).toEqual([]);
	});

	test('of an endless stream are enough: no more is asked for', async () => {
		let given = 0;
		const endless = function* () {
			for (;;) yield Buffer.alloc(4, given++);
		};
		const stream = Readable.from(endless(), { highWaterMark: 1 });
		expect(await readStart(stream, 16)).toHaveLength(16);
		expect(given).toBeLessThan(10);
		expect(stream.destroyed).toBe(true);
	});

	test('of a stream that breaks cannot be had, and it is closed', async () => {
		const stream = new Readable({
			read() {
				this.destroy(new Error('broken'));
			},
		});
		await expect(readStart(stream, 16)).rejects.toThrow('broken');
		expect(stream.destroyed).toBe(true);
	});
});

test.each([
	['a stream', Readable.from([]), true],
	['text', '<html>', false],
	['an object', { data: 1 }, false],
	['null', null, false],
	['nothing', undefined, false],
])('a body that is %s', (_, body, isStream) => {
	expect(asStream(body) !== null).toBe(isStream);
});
