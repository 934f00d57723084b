import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { mapConcurrently, abortable } from '../n8n/async';
import { IMAGE_URLS } from '../parameters/images';
import { InvalidParameterError } from '../parameters/read';
import { formatMegabytes, imageTypeOf, MAX_IMAGE_BYTES, SIGNATURE_LENGTH } from './imageType';
import { asStream, readStart } from '../n8n/streams';

const PROBE_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 5;
const CONCURRENCY = 5;

/** What a server sent at a first look. */
export interface Probe {
	status: number;
	/** The first bytes of the body. */
	start: Uint8Array;
	/** The size of the whole image, null when the server did not say. */
	bytes: number | null;
}

const responseSchema = z.object({
	statusCode: z.number(),
	headers: z.record(z.unknown()),
	body: z.unknown(),
});

/**
 * Why an address certainly cannot be used, or null. A server that does not answer such a look gets
 * the benefit of the doubt: it may answer the API.
 */
export function reasonAgainst({ status, start, bytes }: Probe): string | null {
	if (status === 404 || status === 410) return `it answers ${status}: there is nothing`;
	if (status < 200 || status >= 300) return null;
	if (imageTypeOf(start) === null) return 'what it gives is no JPEG, PNG or WebP image';
	if (bytes !== null && bytes > MAX_IMAGE_BYTES) {
		return `its image has ${formatMegabytes(bytes)}, and at most 10 MB are allowed`;
	}
	return null;
}

/** The size of the whole file, by `Content-Range` or `Content-Length`. */
export function wholeSize(status: number, headers: Record<string, unknown>): number | null {
	const range = /\/(\d+)$/.exec(String(headers['content-range'] ?? ''))?.[1];
	const length = status === 206 ? range : headers['content-length'];
	const bytes = Number(length ?? Number.NaN);
	return Number.isFinite(bytes) ? bytes : null;
}

/**
 * Looks at each distinct address once, at its headers and first bytes only.
 *
 * @returns the refusal for each address that cannot be used
 */
export async function checkImageUrls(
	context: IExecuteFunctions,
	urls: Iterable<string>,
): Promise<Map<string, InvalidParameterError>> {
	const signal = context.getExecutionCancelSignal();
	const distinct = [...new Set(urls)];
	const reasons = await mapConcurrently(distinct, CONCURRENCY, async (url) => {
		const seen = await abortable(probe(context, url), signal);
		return seen === null ? null : reasonAgainst(seen);
	});
	return new Map(
		distinct.flatMap((url, index) => {
			const reason = reasons[index];
			return reason === null || reason === undefined ? [] : [[url, refusal(url, reason)]];
		}),
	);
}

function refusal(url: string, reason: string): InvalidParameterError {
	return new InvalidParameterError(
		IMAGE_URLS,
		`names ${url}, which cannot be used, since ${reason}`,
		'Open the address in a private browser window: it must show the picture itself, without a login.',
	);
}

async function probe(context: IExecuteFunctions, url: string): Promise<Probe | null> {
	const response: unknown = await context.helpers
		.httpRequest({
			method: 'GET',
			url,
			headers: { Range: `bytes=0-${SIGNATURE_LENGTH - 1}`, Accept: 'image/*' },
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			timeout: PROBE_TIMEOUT_MS,
			maxRedirects: MAX_REDIRECTS,
			abortSignal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
		})
		.catch(() => null);
	const parsed = responseSchema.safeParse(response);
	const stream = parsed.success ? asStream(parsed.data.body) : null;
	if (!parsed.success || stream === null) return null;
	const { statusCode: status, headers } = parsed.data;
	const start = await readStart(stream, SIGNATURE_LENGTH).catch(() => null);
	return start === null ? null : { status, start, bytes: wholeSize(status, headers) };
}
