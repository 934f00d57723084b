import type { IExecuteFunctions } from 'n8n-workflow';

import { Refusal } from '../api/failure';
import { abortable, mapConcurrently } from '../n8n/async';
import { fetchStream, readStart } from '../n8n/http';
import { IMAGE_URLS, type ImageSettings, INPUT_DATA_FIELD } from '../parameters/images';
import { type ImageFile, imageTypeOf, judgeImage, SIGNATURE_LENGTH } from './imageType';

const PROBE_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 5;
const CONCURRENCY = 5;

interface Probe extends ImageFile {
	status: number;
	/** Where it redirects to, null when it does not. */
	location: string | null;
}

/** The images of one item: addresses that the user gave, or signed ones of files on this n8n. */
interface ImagesToCheck {
	source: ImageSettings['source'];
	urls: readonly string[];
}

/**
 * Looks at each distinct image once, at its headers and first bytes only.
 *
 * @returns the refusal for each address that cannot be used
 */
export async function checkImages(
	context: IExecuteFunctions,
	images: Iterable<ImagesToCheck>,
): Promise<Map<string, Refusal>> {
	const signal = context.getExecutionCancelSignal();
	const checks = new Map<string, typeof checkAddress>();
	for (const { source, urls } of images) {
		for (const url of urls) checks.set(url, source === 'url' ? checkAddress : checkFile);
	}
	const refusals = new Map<string, Refusal>();
	await mapConcurrently([...checks], CONCURRENCY, async ([url, check]) => {
		const refusal = await abortable(check(context, url), signal);
		if (refusal !== null) refusals.set(url, refusal);
	});
	return refusals;
}

/**
 * Why an image address certainly cannot be used, or null. A server that does not answer such a look
 * gets the benefit of the doubt: it may answer the API.
 */
async function checkAddress(context: IExecuteFunctions, url: string): Promise<Refusal | null> {
	const seen = await probe(context, url, { follow: true });
	if (seen === null) return null;
	const { status } = seen;
	const subject = `'${IMAGE_URLS}' names ${url}`;
	const hint =
		'Open the address in a private browser window: it must show the picture itself, without a login.';
	if (status === 404 || status === 410) {
		return new Refusal(`${subject}, where there is nothing (it answers ${status})`, hint);
	}
	const judged = isSuccess(status) ? judgeImage(subject, seen, hint) : null;
	return judged instanceof Refusal ? judged : null;
}

/**
 * Fetches the start of a file by its signed address on this n8n, through its public address, as the
 * API will. No answer refuses nothing: an address that cannot be reached from inside may well be reached
 * from outside.
 */
async function checkFile(context: IExecuteFunctions, url: string): Promise<Refusal | null> {
	const seen = await probe(context, url, { follow: false });
	if (seen === null || isImage(seen)) return null;
	const { status, location } = seen;
	if (location !== null && isImage(await probe(context, url, { follow: true }))) return null;
	const answer = isSuccess(status)
		? 'gives something else, such as a login page'
		: `answers ${status}`;
	const what = location === null ? answer : `redirects to ${location}`;
	// The token in the address is not shown.
	return new Refusal(
		`'${INPUT_DATA_FIELD}' cannot be used, since the AI Video API cannot fetch the file from this n8n: ${new URL(url).origin} ${what}`,
		'What stands in front of n8n, such as a login page, must let /rest/binary-data/signed through: each of its addresses has a signature of its own and needs no login. Or give the image by its address.',
	);
}

const isSuccess = (status: number) => status >= 200 && status < 300;

const isImage = (seen: Probe | null) =>
	seen !== null && isSuccess(seen.status) && imageTypeOf(seen.start) !== null;

async function probe(
	context: IExecuteFunctions,
	url: string,
	{ follow }: { follow: boolean },
): Promise<Probe | null> {
	const answer = await fetchStream(context, {
		url,
		headers: { Range: `bytes=0-${SIGNATURE_LENGTH - 1}`, Accept: 'image/*' },
		timeout: PROBE_TIMEOUT_MS,
		abortSignal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
		...(follow ? { maxRedirects: MAX_REDIRECTS } : { disableFollowRedirect: true }),
	});
	if (answer === null) return null;
	const { status, headers, body } = answer;
	const start = await readStart(body, SIGNATURE_LENGTH).catch(() => null);
	if (start === null) return null;
	return { status, start, bytes: wholeSize(status, headers), location: targetOf(url, headers) };
}

/** The size of the whole file, by `Content-Range` or `Content-Length`. Pure. */
export function wholeSize(status: number, headers: Record<string, unknown>): number | null {
	const range = /\/(\d+)$/.exec(String(headers['content-range']))?.[1];
	const length = status === 206 ? range : headers['content-length'];
	const bytes = Number(length ?? Number.NaN);
	return Number.isFinite(bytes) ? bytes : null;
}

/** Where an answer redirects to, without the query: that may repeat the address it was asked for. */
function targetOf(url: string, { location }: Record<string, unknown>): string | null {
	if (typeof location !== 'string' || !URL.canParse(location, url)) return null;
	const { origin, pathname } = new URL(location, url);
	return `${origin}${pathname}`;
}
