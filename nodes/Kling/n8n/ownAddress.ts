import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/**
 * Calls of this n8n to itself. Its public address may lead through a proxy that this process cannot
 * reach from inside, so what listens on this machine is tried too.
 */

/** n8n's own default (`N8N_PORT`), which nearly every container keeps. */
const DEFAULT_ORIGIN = 'http://127.0.0.1:5678';

/** How long one call may take, in milliseconds. */
const CALL_TIMEOUT_MS = 20_000;

/** Where this process is known to listen, from the last webhook that reached it. */
let listening: string | null = null;

/** Which of the addresses of a public origin answered as n8n does. */
const answering = new Map<string, string>();

const socketSchema = z.object({
	localAddress: z.string(),
	localPort: z.number(),
	encrypted: z.boolean().optional().catch(false),
});

/** Learns from a webhook's connection where this process listens. */
export function noteListener(context: Pick<IWebhookFunctions, 'getRequestObject'>): string | null {
	const socket = socketSchema.safeParse(context.getRequestObject().socket);
	if (!socket.success) return listening;
	const { localAddress, localPort, encrypted } = socket.data;
	listening = toOrigin(localAddress, localPort, encrypted === true);
	return listening;
}

/** `::ffff:127.0.0.1`, 5678 → `http://127.0.0.1:5678`. Pure. */
export function toOrigin(address: string, port: number, encrypted: boolean): string {
	const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
	const host = plain.includes(':') ? `[${plain.replace(/%.*/, '')}]` : plain;
	return `${encrypted ? 'https' : 'http'}://${host}:${port}`;
}

/**
 * The addresses at which a URL of this n8n may be reached from inside, the likeliest first. A proxy
 * may take a base path off, and n8n itself serves its webhooks without one (n8n: `N8N_PATH`). Pure.
 */
export function candidatesFor(
	url: string,
	{ listening, answering }: { listening: string | null; answering?: string },
): string[] {
	const { origin, pathname, search } = new URL(url);
	const bare = `/${pathname.split('/').slice(-2).join('/')}`;
	const local = [...new Set([listening, DEFAULT_ORIGIN])].filter((found) => found !== null);
	const candidates = [
		url,
		...local.flatMap((found) => [`${found}${pathname}${search}`, `${found}${bare}${search}`]),
	];
	const distinct = [...new Set(candidates)];
	const isKnown = (candidate: string) =>
		answering !== undefined && new URL(candidate).origin === answering && origin !== answering;
	return [...distinct.filter(isKnown), ...distinct.filter((candidate) => !isKnown(candidate))];
}

export type HttpRequest = IExecuteFunctions['helpers']['httpRequest'];

/** What n8n, or a webhook of this package in it, answered. */
export interface OwnAnswer {
	status: number;
	message: string;
	/** What `Retry-After` asked for, as it came. */
	retryAfter: unknown;
}

const responseSchema = z.object({
	statusCode: z.number(),
	headers: z.record(z.unknown()).catch({}),
	body: z.unknown(),
});

const bodySchema = z.union([
	z.object({ message: z.string() }).transform(({ message }) => message),
	z.object({ error: z.string() }).transform(({ error }) => error),
]);

/** Words that stand in every answer of n8n and of this package to a callback, and in few others. */
const OWN_WORDS = /\b(task|execution|webhook|token|resum\w*|start\w*)\b/i;

function readAnswer(received: unknown): OwnAnswer | null {
	const response = responseSchema.safeParse(received);
	if (!response.success) return null;
	const { statusCode: status, headers, body } = response.data;
	const message = bodySchema.safeParse(parseJson(body));
	if (!message.success || !OWN_WORDS.test(message.data)) return null;
	return { status, message: message.data, retryAfter: headers['retry-after'] };
}

function parseJson(body: unknown): unknown {
	if (typeof body !== 'string') return body;
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}

/**
 * Posts JSON to a URL of this n8n, wherever it can be reached; null when n8n answered nowhere.
 * Never throws.
 */
export async function postToSelf(
	httpRequest: HttpRequest,
	url: string,
	body: string,
): Promise<OwnAnswer | null> {
	const { origin } = new URL(url);
	for (const candidate of candidatesFor(url, { listening, answering: answering.get(origin) })) {
		const isLocal = new URL(candidate).origin !== origin;
		const answer = readAnswer(
			await httpRequest({
				method: 'POST',
				url: candidate,
				headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
				body,
				encoding: 'text',
				timeout: CALL_TIMEOUT_MS,
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
				// The certificate is for the public name, and this goes to the machine itself.
				...(isLocal ? { skipSslCertificateValidation: true } : {}),
			}).catch(() => null),
		);
		if (answer === null) continue;
		const isGuess = isLocal && new URL(candidate).origin !== listening;
		// Another n8n may listen at the default port: it knows nothing of this one.
		if (isGuess && [401, 404].includes(answer.status)) continue;
		answering.set(origin, new URL(candidate).origin);
		return answer;
	}
	return null;
}
