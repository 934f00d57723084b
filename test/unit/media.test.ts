import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';

import { Refusal } from '../../nodes/Kling/api/failure';
import { wholeSize } from '../../nodes/Kling/images/checkImages';
import {
	imageTypeOf,
	judgeImage,
	MAX_IMAGE_BYTES,
	SIGNATURE_LENGTH,
} from '../../nodes/Kling/images/imageType';
import { peekStart, readStart } from '../../nodes/Kling/n8n/http';
import {
	type DownloadContext,
	downloadVideos,
	VIDEO_START_LENGTH,
	videoTypeOf,
} from '../../nodes/Kling/result/download';
import { standIn } from '../harness/standIn';

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

describe('what is said against a file', () => {
	const judge = (start: Uint8Array, bytes: number | null = 1_000) =>
		judgeImage("'Image' names “it”", { start, bytes }, 'Give a picture.');

	const box = (brand: string) => latin1(`\x00\x00\x00\x20ftyp${brand}\x00\x00\x00\x00`);

	test.each([
		['a JPEG', asset('photo.jpg'), 1_000, 'image/jpeg'],
		['a WebP of unknown size', asset('photo.webp'), null, 'image/webp'],
		['a PNG as large as allowed', asset('photo.png'), MAX_IMAGE_BYTES, 'image/png'],
	])('nothing against %s', (_, start, bytes, type) => {
		expect(judge(start, bytes)).toBe(type);
	});

	test.each([
		['one byte too many', asset('photo.jpg'), MAX_IMAGE_BYTES + 1, /has 10\.0 MB, and at most 10/],
		['a large file', asset('animation.gif'), 11 * 1024 * 1024, /has 11\.0 MB, and at most 10 MB/],
		['a GIF', asset('animation.gif'), 7_132, /is not a JPEG, PNG or WebP image$/],
	])('%s is refused by name', (_, start, bytes, message) => {
		const refusal = judge(start, bytes);
		expect(refusal).toBeInstanceOf(Refusal);
		expect(refusal).toMatchObject({ message: expect.stringMatching(message) });
		expect(refusal).toMatchObject({
			message: expect.stringMatching(/^'Image' names “it”, which /),
		});
	});

	test.each([
		['HEIC', ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']],
		['AVIF', ['avif', 'avis']],
	])('%s is called so, and Edit Image is not what helps', (name, brands) => {
		for (const brand of brands) {
			expect(judge(box(brand))).toMatchObject({
				message: `'Image' names “it”, which is a picture in ${name}, and only JPEG, PNG and WebP are allowed`,
				hint: expect.stringMatching(
					new RegExp(`^Save it as JPEG .* Edit Image node cannot read ${name}\\.$`),
				),
			});
		}
	});
});

describe('which video a file is', () => {
	test.each([
		['the video of a silent task', asset('video-5s.mp4'), 'video/mp4'],
		['the video of a task with sound', asset('video-10s-sound.mp4'), 'video/mp4'],
		['any other MP4', latin1('\x00\x00\x00\x1cftypisom'), 'video/mp4'],
		['a QuickTime movie', latin1('\x00\x00\x00\x14ftypqt  '), 'video/quicktime'],
		['a WebM', latin1('\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x86\x81'), 'video/webm'],
		['a page', latin1('<!doctype html>'), undefined],
		['a text', latin1('The wide moov ftyp'), undefined],
		['a picture', asset('photo.jpg'), undefined],
		['nothing', Buffer.alloc(0), undefined],
	])('%s', (_, file, mimeType) => {
		expect(videoTypeOf(file)?.mimeType).toBe(mimeType);
		expect(videoTypeOf(file.subarray(0, VIDEO_START_LENGTH))?.mimeType).toBe(mimeType);
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

describe('a stream whose start was looked at', () => {
	const contentOf = async (stream: Readable) => Buffer.concat(await stream.toArray());

	test('gives all of it again, however its pieces are cut', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
				fc.integer({ min: 1, max: 64 }),
				async (pieces, length) => {
					const whole = Buffer.concat(pieces);
					fc.pre(whole.length >= length);
					const stream = Readable.from(
						pieces.map((piece) => Buffer.from(piece)),
						{ objectMode: false },
					);
					const start = await peekStart(stream, length);
					expect([...start]).toEqual([...whole.subarray(0, length)]);
					expect((await contentOf(stream)).equals(whole)).toBe(true);
				},
			),
		);
	});

	test('and that ended before has no more', async () => {
		const stream = Readable.from([Buffer.from('short')], { objectMode: false });
		expect(Buffer.from(await peekStart(stream, 64)).toString()).toBe('short');
		expect(stream.destroyed).toBe(true);
	});

	test('is cut off later, and whoever reads it learns it', async () => {
		const stream = Readable.from(
			(function* () {
				yield Buffer.alloc(100);
				throw new Error('cut off');
			})(),
			{ objectMode: false },
		);
		await peekStart(stream, 64);
		await expect(contentOf(stream)).rejects.toThrow('cut off');
	});
});

describe('a download that n8n gives only so much time', () => {
	const url = 'https://file.example/one.mp4';
	const videos = { taskId: 'task', urls: [url], field: 'data' };
	const late = `${url}: the download took longer than n8n lets the execution sleep`;
	const httpRequest = jest.fn(async () => await new Promise(() => {}));
	const context = standIn<DownloadContext>({ helpers: { httpRequest } });

	afterEach(() => void jest.restoreAllMocks());

	test('is given up when the time is over, with that reason', async () => {
		const over = new AbortController();
		const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(over.signal);
		jest.spyOn(Date, 'now').mockReturnValue(1_000_000);
		const downloading = downloadVideos(context, videos, { deadlineAt: 1_090_000.5 });
		expect(timeout.mock.calls).toEqual([[90_001]]);
		over.abort();
		await expect(downloading).resolves.toEqual({ binary: {}, error: late });
		expect(httpRequest).toHaveBeenCalledTimes(1);
	});

	test('is not begun when it is over already', async () => {
		httpRequest.mockClear();
		const downloading = downloadVideos(context, videos, { deadlineAt: Date.now() });
		await expect(downloading).resolves.toEqual({ binary: {}, error: late });
		expect(httpRequest).not.toHaveBeenCalled();
	});
});
