import { createHash } from 'node:crypto';
import { send } from '../http/outgoing';
import type { FetchedImage } from '../types';

const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const MAX_REDIRECTS = 3;

/** What the look at an image needs to know of the emulator. */
export interface ImageCheckContext {
	/** How the emulator's own addresses are told apart from others. */
	isOwn(url: URL): boolean;
	/** The address to fetch an own address from, and the headers that mark the request as the emulator's. */
	own(url: URL): { url: string; headers: Record<string, string> };
	timeoutMs: number;
	signal: AbortSignal;
}

/** Whether the bytes begin like a JPEG, PNG or WebP file. */
export function isAllowedImage(bytes: Buffer): boolean {
	if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return true;
	if (bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))) return true;
	const riff = bytes.toString('latin1', 0, 4) === 'RIFF';
	return riff && bytes.toString('latin1', 8, 12) === 'WEBP';
}

function isLoopback(url: URL): boolean {
	const { hostname } = url;
	return (
		hostname === 'localhost' ||
		hostname.endsWith('.localhost') ||
		hostname === '[::1]' ||
		/^127\.\d+\.\d+\.\d+$/.test(hostname)
	);
}

/**
 * Fetches one image of a task as the generator would and judges it. Addresses outside this machine are taken on
 * trust, since the emulator works offline. Never rejects.
 */
export async function checkImage(url: string, context: ImageCheckContext): Promise<FetchedImage> {
	const unread = { url, bytes: 0, sha256: null, contentType: null };
	let address = new URL(url);
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
		const own = context.isOwn(address);
		if (!own && !isLoopback(address)) {
			return { ...unread, ok: true, reason: 'not fetched: the host is not on this machine' };
		}
		const target = own ? context.own(address) : { url: address.href, headers: {} };
		try {
			const answer = await send({
				method: 'GET',
				...target,
				timeoutMs: context.timeoutMs,
				maxBytes: MAX_IMAGE_BYTES,
				signal: context.signal,
			});
			const { location } = answer.headers;
			if (answer.status >= 300 && answer.status < 400 && location !== undefined) {
				address = new URL(location, address);
				continue;
			}
			return judge(url, answer);
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			return { ...unread, ok: false, reason };
		}
	}
	return { ...unread, ok: false, reason: `more than ${MAX_REDIRECTS} redirects` };
}

function judge(url: string, answer: Awaited<ReturnType<typeof send>>): FetchedImage {
	const { status, body, tooLarge } = answer;
	const fetched = {
		url,
		bytes: body.length,
		sha256: createHash('sha256').update(body).digest('hex'),
		contentType: answer.headers['content-type'] ?? null,
	};
	if (status !== 200) return { ...fetched, ok: false, reason: `HTTP ${status}` };
	if (tooLarge) return { ...fetched, ok: false, reason: 'larger than 10 MB' };
	if (!isAllowedImage(body)) return { ...fetched, ok: false, reason: 'not a JPEG, PNG or WebP' };
	return { ...fetched, ok: true };
}
