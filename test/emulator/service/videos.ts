import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, ByteSource } from '../http/answer';

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

/**
 * The video of a task: a small playable MP4 and a trailing ISO-BMFF `free` box, which players skip. The box repeats
 * the task id and the index up to the wanted size, so each task's bytes differ and a misplaced piece shows.
 */
export function videoFile(spec: VideoSpec): ByteSource {
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
		*chunks() {
			yield head;
			for (let at = 0; at < padding; at += CHUNK_BYTES) {
				const from = at % label.length;
				yield pattern.subarray(from, from + Math.min(CHUNK_BYTES, padding - at));
			}
		},
	};
}

/** Hex digest of the whole file. */
export function sha256Of(file: ByteSource): string {
	const hash = createHash('sha256');
	for (const chunk of file.chunks()) hash.update(chunk);
	return hash.digest('hex');
}

/** The answer to a request for a video file. */
export function answerVideo(file: ByteSource): Answer {
	return { status: 200, headers: { 'content-type': 'video/mp4' }, body: file };
}
