import type { IBinaryData, IBinaryKeyData } from 'n8n-workflow';

import { AFTER_FAULT, pauseMs } from '../api/retry';
import { abortable, pause } from '../n8n/async';
import { fetchStream, peekStart } from '../n8n/http';

export type DownloadContext = Parameters<typeof fetchStream>[0];

export const DOWNLOAD_CONCURRENCY = 3;

const ATTEMPTS = 3;

/** How long the file host may take to begin its answer. */
const ANSWER_TIMEOUT_MS = 60_000;

/** How long one file may take, all attempts together. */
const FILE_TIMEOUT_MS = 10 * 60_000;

export interface DownloadLimits {
	signal?: AbortSignal;
	/** When n8n ends the sleep of the execution, in milliseconds since 1970; it must be over by then. */
	deadlineAt?: number;
}

/**
 * Streams each video into n8n's binary store. The key is not sent along: the file host is not the API. A file
 * that cannot be had is said, not thrown: its task is paid for, and its address still good.
 */
export async function downloadVideos(
	context: DownloadContext,
	{ taskId, urls, field }: { taskId: string; urls: readonly string[]; field: string },
	limits: DownloadLimits,
): Promise<{ binary: IBinaryKeyData; error: string | null }> {
	const binary: IBinaryKeyData = {};
	const missing: string[] = [];
	for (const [index, url] of urls.entries()) {
		const name = index === 0 ? taskId : `${taskId}-${index}`;
		const stored = await downloadOne(context, url, name, limits);
		if (typeof stored === 'string') missing.push(`${url}: ${stored}`);
		else binary[index === 0 ? field : `${field}_${index}`] = stored;
	}
	return { binary, error: missing.length === 0 ? null : missing.join('; ') };
}

async function downloadOne(
	context: DownloadContext,
	url: string,
	name: string,
	{ signal, deadlineAt = Infinity }: DownloadLimits,
): Promise<IBinaryData | string> {
	const leftMs = deadlineAt - Date.now();
	const tooLate =
		leftMs < FILE_TIMEOUT_MS
			? 'the download took longer than n8n lets the execution sleep'
			: 'the download took more than ten minutes';
	if (leftMs <= 0) return tooLate;
	// Unlike n8n's `sleep`, this leaves no timer that keeps the process alive.
	const timeout = AbortSignal.timeout(Math.ceil(Math.min(leftMs, FILE_TIMEOUT_MS)));
	const stop = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
	const attempts = async () => {
		for (let attempt = 1; ; attempt++) {
			const stored = await abortable(attemptDownload(context, url, name, stop), stop);
			if (typeof stored !== 'string' || attempt === ATTEMPTS) return stored;
			await pause(pauseMs(AFTER_FAULT, attempt), signal);
		}
	};
	return await attempts().catch((thrown: unknown) => {
		if (timeout.aborted && signal?.aborted !== true) return tooLate;
		throw thrown;
	});
}

/** The file, or why there is none. It is whole, since a stream that is cut off fails. */
async function attemptDownload(
	context: DownloadContext,
	url: string,
	name: string,
	abortSignal: AbortSignal,
): Promise<IBinaryData | string> {
	const answer = await fetchStream(context, { url, timeout: ANSWER_TIMEOUT_MS, abortSignal });
	if (answer === null) return 'the file host could not be reached';
	const { status, headers, body } = answer;
	const refuse = (reason: string) => {
		body.destroy();
		return reason;
	};
	if (status !== 200) return refuse(`the file host answered ${status}`);
	try {
		const start = await peekStart(body, VIDEO_START_LENGTH);
		if (start.length === 0) return refuse('the file host sent an empty file');
		const type = videoTypeOf(start);
		const called = headers['content-type'];
		const said = typeof called === 'string' ? ` (it calls it ${called})` : '';
		if (type === null) return refuse(`what the file host sent is no video${said}`);
		const fileName = `${name}.${type.extension}`;
		return await context.helpers.prepareBinaryData(body, fileName, type.mimeType);
	} catch {
		return refuse('the download was interrupted');
	}
}

export const VIDEO_START_LENGTH = 12;

/** Which video a file is by its first bytes; null when it is none. */
export function videoTypeOf(start: Uint8Array): { mimeType: string; extension: string } | null {
	const text = String.fromCharCode(...start.slice(0, VIDEO_START_LENGTH));
	// A box is four bytes of length, then its name; `ftyp` goes on with the brand (ISO/IEC 14496-12).
	if (text.slice(4, 8) === 'ftyp') {
		return text.slice(8) === 'qt  '
			? { mimeType: 'video/quicktime', extension: 'mov' }
			: { mimeType: 'video/mp4', extension: 'mp4' };
	}
	// EBML (RFC 8794).
	const isWebm = text.startsWith('\u001aE\u00df\u00a3');
	return isWebm ? { mimeType: 'video/webm', extension: 'webm' } : null;
}
