import type {
	IBinaryData,
	IBinaryKeyData,
	IExecuteFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { z } from 'zod';

import { abortable, pause } from '../n8n/async';
import { asStream } from '../n8n/streams';

/** The n8n contexts that can store files. */
export type DownloadContext = IExecuteFunctions | IWebhookFunctions;

const ATTEMPTS = 3;
const PAUSE_MS = 1_000;

/** How long the file host may send nothing. */
const SILENCE_TIMEOUT_MS = 60_000;

type BinarySource = Parameters<DownloadContext['helpers']['prepareBinaryData']>[0];

const sourceSchema = z.custom<BinarySource>((value) => asStream(value) !== null);

const responseSchema = z.object({
	statusCode: z.number(),
	headers: z.record(z.unknown()),
	body: z.unknown(),
});

export interface Download {
	binary: IBinaryKeyData;
	/** Why a file is missing, null when all are there. */
	error: string | null;
}

export interface DownloadOptions {
	taskId: string;
	urls: readonly string[];
	/** The field for the first video; further ones get `_1`, `_2`, … behind it. */
	field: string;
	/** Fires when the execution is cancelled. */
	signal?: AbortSignal;
}

/**
 * Stores each video in n8n's binary store, passing it through as a stream. The key is never sent
 * along: the file host is not the API. A file that cannot be had is said, not thrown, since the
 * task is paid for and its address still good.
 */
export async function downloadVideos(
	context: DownloadContext,
	{ taskId, urls, field, signal }: DownloadOptions,
): Promise<Download> {
	const binary: IBinaryKeyData = {};
	const missing: string[] = [];
	for (const [index, url] of urls.entries()) {
		const name = index === 0 ? taskId : `${taskId}-${index}`;
		const stored = await downloadOne(context, url, name, signal);
		if (typeof stored === 'string') missing.push(`${url}: ${stored}`);
		else binary[index === 0 ? field : `${field}_${index}`] = stored;
	}
	return { binary, error: missing.length === 0 ? null : missing.join('; ') };
}

async function downloadOne(
	context: DownloadContext,
	url: string,
	name: string,
	signal: AbortSignal | undefined,
): Promise<IBinaryData | string> {
	for (let attempt = 1; ; attempt++) {
		const stored = await abortable(attemptDownload(context, url, name), signal);
		if (typeof stored !== 'string' || attempt === ATTEMPTS) return stored;
		await pause(PAUSE_MS * 2 ** (attempt - 1), signal);
	}
}

async function attemptDownload(
	context: DownloadContext,
	url: string,
	name: string,
): Promise<IBinaryData | string> {
	const received: unknown = await context.helpers
		.httpRequest({
			method: 'GET',
			url,
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			timeout: SILENCE_TIMEOUT_MS,
		})
		.catch(() => null);
	const response = responseSchema.safeParse(received);
	if (!response.success) return 'the file host could not be reached';
	const { statusCode, headers, body } = response.data;
	const source = sourceSchema.safeParse(body);
	if (!source.success) return 'the file host sent no file';
	const mimeType = videoTypeOf(headers['content-type']);
	if (statusCode !== 200 || mimeType === null) {
		asStream(body)?.destroy();
		return statusCode === 200
			? `the file host sent ${String(headers['content-type'])} instead of a video`
			: `the file host answered ${statusCode}`;
	}
	const stored = await context.helpers
		.prepareBinaryData(source.data, `${name}.${EXTENSIONS[mimeType]}`, mimeType)
		.catch(() => null);
	if (stored === null) return 'the download was interrupted';
	const expected = Number(headers['content-length'] ?? Number.NaN);
	const size = await sizeOf(context, stored);
	if (size === 0) return 'the file host sent an empty file';
	const isShort = Number.isFinite(expected) && size < expected;
	return isShort ? 'the download was cut off' : stored;
}

/** The stored size in bytes. n8n 2.0 keeps it only beside the file, and in memory mode nowhere. */
async function sizeOf(context: DownloadContext, { bytes, id }: IBinaryData): Promise<number> {
	if (bytes !== undefined) return bytes;
	return id === undefined ? Infinity : (await context.helpers.getBinaryMetadata(id)).fileSize;
}

const EXTENSIONS = { 'video/mp4': 'mp4', 'video/webm': 'webm', 'video/quicktime': 'mov' } as const;

type VideoType = keyof typeof EXTENSIONS;

/** The video's MIME type; null when what was sent is certainly none. */
function videoTypeOf(contentType: unknown): VideoType | null {
	const type =
		String(contentType ?? '')
			.split(';')[0]
			?.trim()
			.toLowerCase() ?? '';
	if (type === 'video/webm' || type === 'video/quicktime') return type;
	const mayBeMp4 = type === '' || type.startsWith('video/') || type.endsWith('/octet-stream');
	return mayBeMp4 ? 'video/mp4' : null;
}
