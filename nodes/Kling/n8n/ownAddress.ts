import type { IExecuteFunctions, IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { configOf } from './execution';
import { type HttpAnswer, parseJson, toHttpAnswer, WHOLE_ANSWER } from './http';

/**
 * Calls of this n8n to itself. Its public address may lead through a proxy that this process cannot
 * reach from inside, so what listens on this machine is tried too.
 */

/** How long a call as the API would make it may take, in milliseconds. */
const AS_THE_API_MS = 20_000;

/** How long a call to itself may take: longer than a webhook of this package reads for it (32 s). */
const TO_SELF_MS = 35_000;

/** Where this process is known to listen, from the last webhook that reached it. */
let listening: string | null = null;

/** The port that n8n was told to listen at (`N8N_PORT`); n8n's own default, until it is known. */
let configuredPort = 5678;

/** Learns the port before any webhook has come. */
export function noteInstance(context: object): void {
	configuredPort = configOf(context)?.port ?? configuredPort;
}

const socketSchema = z.object({
	localAddress: z.string(),
	localPort: z.number(),
	encrypted: z.boolean().catch(false),
});

/** Learns from a webhook's connection where this process listens. */
export function noteListener(context: Pick<IWebhookFunctions, 'getRequestObject'>): string | null {
	const socket = socketSchema.safeParse(context.getRequestObject().socket).data;
	if (socket !== undefined) listening = toOrigin(socket);
	return listening;
}

/** `::ffff:127.0.0.1`, 5678 → `http://127.0.0.1:5678`. */
export function toOrigin(socket: z.infer<typeof socketSchema>): string {
	const { localAddress, localPort, encrypted } = socket;
	const plain = localAddress.replace(/^::ffff:(?=\d+\.)/i, '');
	const host = plain.includes(':') ? `[${plain.replace(/%.*/, '')}]` : plain;
	return `${encrypted ? 'https' : 'http'}://${host}:${localPort}`;
}

/** The path and query of a webhook's `originalUrl`, which may be a whole address (HTTP); null for none. */
export function pathOf(originalUrl: string): string | null {
	if (originalUrl.startsWith('/')) return originalUrl;
	if (!/^https?:\/\//i.test(originalUrl) || !URL.canParse(originalUrl)) return null;
	const { pathname, search } = new URL(originalUrl);
	return `${pathname}${search}`;
}

/** Where this process can repeat the call of a webhook to itself; null where that is not known. */
export function ownUrlOf(context: Pick<IWebhookFunctions, 'getRequestObject'>): string | null {
	const origin = noteListener(context);
	const path = pathOf(context.getRequestObject().originalUrl);
	return origin === null || path === null ? null : `${origin}${path}`;
}

/** Every webhook of this package has an address of n8n's endpoint and two more parts. */
const SHORTEST_PATH = 3;

/**
 * Where a URL of this n8n may be reached from inside, the likeliest first. A proxy may take a base path off,
 * and n8n itself serves its webhooks without one (n8n: `N8N_PATH`).
 */
export function candidatesFor(url: string, listening: string | null, guess: string): string[] {
	const { pathname, search } = new URL(url);
	const parts = pathname.split('/').slice(1);
	const paths = parts
		.slice(0, Math.max(1, parts.length - SHORTEST_PATH + 1))
		.map((_, index) => `/${parts.slice(index).join('/')}${search}`);
	const below = (origin: string) => paths.map((path) => `${origin}${path}`);
	return [...new Set([...(listening === null ? [] : below(listening)), url, ...below(guess)])];
}

export type HttpRequest = IExecuteFunctions['helpers']['httpRequest'];

/** What n8n, or a webhook of this package in it, answered. */
export interface OwnAnswer {
	/**
	 * What a webhook of this package did. Of n8n itself: `gone` for an execution that is not there, has
	 * finished or sleeps at another node, else null.
	 */
	state: string | null;
	retryAfterMs: number | null;
}

const headersSchema = z.object({
	// The webhooks of this package write seconds.
	'retry-after': z.coerce.number().nonnegative().nullable().catch(null),
	location: z.string().catch(''),
	'content-type': z.string().catch(''),
});

const stateSchema = z.object({ state: z.string(), message: z.string() });

/** An error of n8n's (`sendErrorResponse`, 2.0 to 2.41). */
const n8nErrorSchema = z.object({ code: z.number(), message: z.string() });

/** The texts of n8n's `waiting-webhooks` and `live-webhooks`, the same from 2.0 to 2.41. */
const GONE =
	/^The execution "\w+"? (does not exist|has finished already|has finished with error)\.$|^The workflow for execution "\w+" does not contain a waiting webhook /;
const NOT_NOW =
	/^The execution "\w+" is running already\.$|^The requested webhook "[^"]*" is not registered\.$/;

function toOwnAnswer({ status, headers, body }: HttpAnswer): OwnAnswer | null {
	const content = typeof body === 'string' ? parseJson(body) : body;
	const own = stateSchema.safeParse(content).data;
	if (own !== undefined) {
		const seconds = headersSchema.parse(headers)['retry-after'];
		return { state: own.state, retryAfterMs: seconds === null ? null : seconds * 1000 };
	}
	const error = n8nErrorSchema.safeParse(content).data;
	if (error?.code !== status) return null;
	if (GONE.test(error.message)) return { state: 'gone', retryAfterMs: null };
	return NOT_NOW.test(error.message) ? { state: null, retryAfterMs: null } : null;
}

/** What a login in front of n8n did instead, in words; null for anything else, such as a proxy on the way out. */
function toStrangersAnswer({ status, headers }: HttpAnswer): string | null {
	const { location, 'content-type': type } = headersSchema.parse(headers);
	if (status >= 300 && status < 400) {
		return `redirects to ${URL.canParse(location) ? new URL(location).origin : 'another page'}`;
	}
	if (status === 401) return 'asks for a login (HTTP 401)';
	const isPage = status < 300 && type.includes('text/html');
	return isPage ? `shows a page, such as a login (HTTP ${status})` : null;
}

/**
 * For requests to this machine. The certificate is for the public name. And n8n is named as its own proxy,
 * since a request cannot ask for none, and `HTTP_PROXY` without `NO_PROXY` takes these too. n8n answers
 * a request for a whole address like any other; https would need a tunnel, which it does not make.
 */
function withoutDetour(url: string): Partial<IHttpRequestOptions> {
	const { protocol, hostname: host, port, pathname } = new URL(url);
	const proxy = { protocol: 'http', host, port: Number(port || 80) };
	// n8n's client takes the first word of a path that begins with two slashes for a host.
	const canBeProxied = protocol === 'http:' && !pathname.startsWith('//');
	return { skipSslCertificateValidation: true, ...(canBeProxied ? { proxy } : {}) };
}

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;

/** @param isLocal whether the address leads to this machine without a detour */
async function post(
	httpRequest: HttpRequest,
	url: string,
	body: string,
	isLocal: boolean,
	timeoutMs: number,
): Promise<HttpAnswer | null> {
	try {
		const received: unknown = await httpRequest({
			method: 'POST',
			url,
			headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
			body,
			encoding: 'text',
			timeout: timeoutMs,
			...WHOLE_ANSWER,
			disableFollowRedirect: true,
			...(isLocal || LOOPBACK.test(new URL(url).hostname) ? withoutDetour(url) : {}),
		});
		return toHttpAnswer(received);
	} catch {
		return null;
	}
}

/**
 * Posts JSON to a public URL of this n8n as the API would, and nowhere else. Never throws.
 *
 * @returns what a login does instead, in words; null tells nothing: it may be reached from outside
 */
export async function postAsTheApi(
	httpRequest: HttpRequest,
	url: string,
	body: string,
): Promise<OwnAnswer | string | null> {
	const response = await post(httpRequest, url, body, false, AS_THE_API_MS);
	return response === null ? null : (toOwnAnswer(response) ?? toStrangersAnswer(response));
}

/** Posts JSON to a URL of this n8n, wherever it can be reached; null where it answers nowhere. Never throws. */
export async function postToSelf(
	httpRequest: HttpRequest,
	url: string,
	body: string,
): Promise<OwnAnswer | null> {
	if (!URL.canParse(url)) return null;
	const { origin } = new URL(url);
	const guess = `http://127.0.0.1:${configuredPort}`;
	for (const candidate of candidatesFor(url, listening, guess)) {
		const at = new URL(candidate).origin;
		const response = await post(httpRequest, candidate, body, at !== origin, TO_SELF_MS);
		const answer = response === null ? null : toOwnAnswer(response);
		// Another n8n may listen there, and knows no such execution or webhook either.
		const isGuess = at === guess && at !== listening && at !== origin;
		const isOurs = response?.status !== 404 && answer?.state !== 'gone';
		if (answer !== null && (!isGuess || isOurs)) return answer;
	}
	return null;
}
