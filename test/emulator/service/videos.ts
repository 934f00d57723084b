import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from '../http/answer';

const BOX_HEADER_BYTES = 8;

export interface VideoSpec {
	taskId: string;
	index: number;
	/** Seconds. */
	duration: 5 | 10;
	sound: boolean;
}

/**
 * The video of a task: a small playable MP4 and a trailing ISO-BMFF `free` box, which players skip. The box holds
 * the task id and the index, so each task's bytes differ and a misplaced file shows.
 */
export function videoFile(spec: VideoSpec): Buffer {
	const name = `video-${spec.duration}s${spec.sound ? '-sound' : ''}.mp4`;
	const movie = readFileSync(join(__dirname, '..', 'assets', name));
	const label = Buffer.from(`${spec.taskId}/${spec.index}\n`);
	const boxHeader = Buffer.alloc(BOX_HEADER_BYTES);
	boxHeader.writeUInt32BE(BOX_HEADER_BYTES + label.length, 0);
	boxHeader.write('free', 4, 'latin1');
	return Buffer.concat([movie, boxHeader, label]);
}

/** Hex digest of the whole file. */
export function sha256Of(file: Buffer): string {
	return createHash('sha256').update(file).digest('hex');
}

/** The answer to a request for a video file. */
export function answerVideo(file: Buffer): Answer {
	return { status: 200, headers: { 'content-type': 'video/mp4' }, body: file };
}
