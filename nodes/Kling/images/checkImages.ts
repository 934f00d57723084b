import type { IExecuteFunctions } from 'n8n-workflow';

import { Refusal } from '../api/failure';
import { withoutKeys } from '../api/redact';
import { abortable, mapConcurrently } from '../n8n/async';
import { fetchStream, readStart } from '../n8n/http';
import { binaryField, urlsField } from '../parameters/images';
import { imageTypeOf, judgeImage, SIGNATURE_LENGTH } from './imageType';
import type { Image } from './itemImages';

const PROBE_TIMEOUT_MS = 10_000;
const CONCURRENCY = 5;

const FOLLOWING = { maxRedirects: 5 };
const STAYING = { disableFollowRedirect: true };

/** Looks once at headers and first bytes of each image: by address why it cannot be used, null where it can. */
export async function checkImages(context: IExecuteFunctions, images: readonly Image[]) {
	const signal = context.getExecutionCancelSignal();
	const distinct = new Map(images.map(({ url, isFile }) => [url, isFile]));
	const checked = await mapConcurrently([...distinct], CONCURRENCY, async ([url, isFile]) => {
		const check = isFile ? checkFile : checkAddress;
		return [url, await abortable(check(context, url), signal)] as const;
	});
	return new Map(checked);
}

/** Why an address certainly cannot be used, or null: a server that does not answer here may answer the API. */
async function checkAddress(context: IExecuteFunctions, url: string): Promise<Refusal | null> {
	const seen = await probe(context, url, FOLLOWING);
	if (seen === null) return null;
	const { status } = seen;
	const subject = `'${urlsField.displayName}' names ${withoutKeys(url)}`;
	const hint =
		'Open the address in a private browser window: it must show the picture itself, without a login.';
	if (status === 404 || status === 410) {
		return new Refusal(`${subject}, where there is nothing (it answers ${status})`, hint);
	}
	const judged = isSuccess(status) ? judgeImage(subject, seen, hint) : null;
	return judged instanceof Refusal ? judged : null;
}

/** The same for the signed address of a file on this n8n; no answer here proves nothing either. */
async function checkFile(context: IExecuteFunctions, url: string): Promise<Refusal | null> {
	const seen = await probe(context, url, STAYING);
	if (seen === null) return null;
	const { status, location } = seen;
	const file = location === null ? seen : await probe(context, url, FOLLOWING);
	if (file !== null && isSuccess(file.status) && imageTypeOf(file.start) !== null) return null;
	const answer = isSuccess(status)
		? 'gives something else, such as a login page'
		: `answers ${status}`;
	const what = location === null ? answer : `redirects to ${location}`;
	// The token in the address is not shown.
	return new Refusal(
		`'${binaryField.displayName}' cannot be used, since the AI Video API cannot fetch the file from this n8n: ${new URL(url).origin} ${what}`,
		'What stands in front of n8n, such as a login page, must let /rest/binary-data/signed through: each of its addresses has a signature of its own and needs no login. Or give the image by its address.',
	);
}

const isSuccess = (status: number) => status >= 200 && status < 300;

/** What an address answers, as far as anyone looks at it; null for nothing. */
async function probe(
	context: IExecuteFunctions,
	url: string,
	redirects: typeof FOLLOWING | typeof STAYING,
) {
	const answer = await fetchStream(context, {
		url,
		headers: { Range: `bytes=0-${SIGNATURE_LENGTH - 1}`, Accept: 'image/*' },
		timeout: PROBE_TIMEOUT_MS,
		abortSignal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
		...redirects,
	});
	if (answer === null) return null;
	const { status, headers, body } = answer;
	const start = await readStart(body, SIGNATURE_LENGTH).catch(() => null);
	if (start === null) return null;
	return { status, start, bytes: wholeSize(status, headers), location: targetOf(url, headers) };
}

/** The size of the whole file, by `Content-Range` or `Content-Length`. */
export function wholeSize(status: number, headers: Record<string, unknown>): number | null {
	const range = /\/(\d+)$/.exec(String(headers['content-range']))?.[1];
	const bytes = Number(status === 206 ? range : headers['content-length']);
	return Number.isFinite(bytes) ? bytes : null;
}

/** Where an answer redirects to, without the query: that may repeat the address it was asked for. */
function targetOf(url: string, { location }: Record<string, unknown>): string | null {
	if (typeof location !== 'string' || !URL.canParse(location, url)) return null;
	const { origin, pathname } = new URL(location, url);
	return `${origin}${pathname}`;
}
