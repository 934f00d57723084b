import { createWriteStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { ROOT } from '../bootstrap/install.mjs';
import { DemoFault, messageOf } from './fault';

const FOLDER = join(ROOT, 'demo-output');
const TIMEOUT_MS = 300_000;

/** Downloads a video to `demo-output/<taskId>.mp4`; the file appears only once it is complete. */
export async function saveVideo(
	url: string,
	taskId: string,
): Promise<{ path: string; bytes: number }> {
	const file = join(FOLDER, `${taskId.replace(/[^\w-]/g, '_')}.mp4`);
	const unfinished = `${file}.part`;
	mkdirSync(FOLDER, { recursive: true });
	try {
		const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
		if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
		await pipeline(Readable.fromWeb(response.body), createWriteStream(unfinished));
		const { size } = statSync(unfinished);
		if (size === 0) throw new Error('the file is empty');
		renameSync(unfinished, file);
		return { path: relative(ROOT, file), bytes: size };
	} catch (error) {
		rmSync(unfinished, { force: true });
		throw new DemoFault(`The video at ${url} could not be saved (${messageOf(error)}).`);
	}
}
