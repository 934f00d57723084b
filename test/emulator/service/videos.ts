import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text, type Answer } from '../http/answer';

const MEBIBYTE = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const BOX_HEADER_BYTES = 8;

export interface VideoSpec {
	taskId: string;
	index: number;
	/** Seconds. */
	duration: 5 | 10;
	sound: boolean;
	/** Size of the whole file in MiB; absent: as small as it gets. */
	megabytes?: number;
}

/** A file that is generated piece by piece; offsets in bytes, `end` exclusive. */
export interface VideoFile {
	readonly length: number;
	slice(start: number, end: number): Iterable<Buffer>;
}

/**
 * The video of a task: a small playable MP4 and a trailing ISO-BMFF `free` box, which players skip. The box repeats
 * the task id and the index up to the wanted size, so each task's bytes differ and a misplaced piece shows.
 */
export function videoFile(spec: VideoSpec): VideoFile {
	const name = `video-${spec.duration}s${spec.sound ? '-sound' : ''}.mp4`;
	const movie = readFileSync(join(__dirname, '..', 'assets', name));
	const label = Buffer.from(`${spec.taskId}/${spec.index}\n`);
	const wanted = (spec.megabytes ?? 0) * MEBIBYTE - movie.length - BOX_HEADER_BYTES;
	const padding = Math.max(label.length, wanted);
	const boxHeader = Buffer.alloc(BOX_HEADER_BYTES);
	boxHeader.writeUInt32BE(BOX_HEADER_BYTES + padding, 0);
	boxHeader.write('free', 4, 'latin1');
	const head = Buffer.concat([movie, boxHeader]);
	// One label more than a chunk, so that a chunk can begin anywhere within a label.
	const pattern = Buffer.alloc(CHUNK_BYTES + label.length, label);
	return {
		length: head.length + padding,
		*slice(start, end) {
			if (start < head.length) yield head.subarray(start, end);
			for (let at = Math.max(start, head.length); at < end; at += CHUNK_BYTES) {
				const from = (at - head.length) % label.length;
				yield pattern.subarray(from, from + Math.min(CHUNK_BYTES, end - at));
			}
		},
	};
}

/** Hex digest of the whole file. */
export function sha256Of(file: VideoFile): string {
	const hash = createHash('sha256');
	for (const chunk of file.slice(0, file.length)) hash.update(chunk);
	return hash.digest('hex');
}

/** The byte range that a Range header asks for, `end` exclusive; null: none or one to ignore. */
export function parseRange(
	header: string | undefined,
	length: number,
): { start: number; end: number } | 'unsatisfiable' | null {
	const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
	if (first === undefined || last === undefined || (first === '' && last === '')) return null;
	if (first === '') {
		const tail = Math.min(Number(last), length);
		return tail === 0 ? 'unsatisfiable' : { start: length - tail, end: length };
	}
	const start = Number(first);
	const end = last === '' ? length : Math.min(Number(last) + 1, length);
	if (last !== '' && Number(last) < start) return null;
	return start >= length ? 'unsatisfiable' : { start, end };
}

/** The answer to a request for a video file, with or without a Range header. */
export function answerVideo(file: VideoFile, rangeHeader: string | undefined): Answer {
	const range = parseRange(rangeHeader, file.length);
	if (range === 'unsatisfiable') {
		const headers = { 'content-range': `bytes */${file.length}` };
		return text(416, 'Range Not Satisfiable', undefined, headers);
	}
	const { start, end } = range ?? { start: 0, end: file.length };
	return {
		status: range === null ? 200 : 206,
		headers: {
			'content-type': 'video/mp4',
			'accept-ranges': 'bytes',
			...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.length}` }),
		},
		body: { length: end - start, chunks: () => file.slice(start, end) },
	};
}
