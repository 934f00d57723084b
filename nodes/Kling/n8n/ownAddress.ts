import type { IExecuteFunctions, IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { configOf } from './execution';
import { type HttpAnswer, parseJson, toHttpAnswer, WHOLE_ANSWER } from './http';

/** Where the last webhook has reached this process. */
let listening: string | null = null;

/** n8n's own default, until it is known (`N8N_PORT`). */
let configuredPort = 5678;

/** Learns at which port n8n was told to listen, before any webhook has come. */
export function noteInstance(context: object): void {
	configuredPort = z.number().catch(configuredPort).parse(configOf(context, 'port'));
}

const socketSchema = z.object({
	localAddress: z.string(),
	localPort: z.number(),
	encrypted: z.boolean().catch(false),
});

/** Learns from a webhook's connection where this process listens. */
export function noteListener(context: Pick<IWebhookFunctions, 'getRequestObject'>): void {
	const socket = socketSchema.safeParse(context.getRequestObject().socket).data;
	if (socket === undefined) return;
	const { localAddress, localPort, encrypted } = socket;
	// Such as `::ffff:10.0.0.7` and `fe80::1%eth0`.
	const plain = localAddress.replace(/^::ffff:(?=\d+\.)|%.*/gi, '');
	const host = plain.includes(':') ? `[${plain}]` : plain;
	listening = new URL(`${encrypted ? 'https' : 'http'}://${host}:${localPort}`).origin;
}

/** Where this process can repeat the call of a webhook to itself; null where that is not known. */
export function ownUrlOf(context: Pick<IWebhookFunctions, 'getRequestObject'>): string | null {
	// A request may name a whole address (HTTP).
	const { originalUrl } = context.getRequestObject();
	const [, path] = /^(?:https?:\/\/[^/]*)?(\/.*)/is.exec(originalUrl) ?? [];
	return listening === null || path === undefined ? null : `${listening}${path}`;
}

/**
 * Where a URL of this n8n may be reached from inside, the likeliest first: a proxy before it may not let this
 * process through, and may take a base path off, without which n8n serves its webhooks (n8n: `N8N_PATH`).
 */
function candidatesFor(url: string): Set<string> {
	const { pathname, search } = new URL(url);
	const parts = pathname.split('/').slice(1);
	// The address of a webhook is n8n's endpoint and two more parts.
	const paths = parts
		.slice(0, Math.max(1, parts.length - 2))
		.map((_, index) => `/${parts.slice(index).join('/')}${search}`);
	const below = (origin: string) => paths.map((path) => `${origin}${path}`);
	const known = listening === null ? [] : below(listening);
	return new Set([...known, url, ...below(`http://127.0.0.1:${configuredPort}`)]);
}

export type HttpRequest = IExecuteFunctions['helpers']['httpRequest'];

export interface OwnAnswer {
	/** What a webhook of this package did; of n8n itself `gone` where nobody sleeps there any more, else null. */
	state: string | null;
	retryAfterMs: number | null;
}

const headersSchema = z.object({
	// The webhooks of this package write seconds.
	'retry-after': z.coerce.number().nonnegative().nullable().catch(null),
	location: z.string().catch(''),
	'content-type': z.string().catch(''),
});

const ownSchema = z.object({ state: z.string(), message: z.string() });

/** An error of n8n's (`sendErrorResponse`, 2.0 to 2.41). */
const errorSchema = z.object({ code: z.number(), message: z.string() });

/** The texts of n8n's `waiting-webhooks` and `live-webhooks`, the same from 2.0 to 2.41. */
const GONE =
	/^The execution "\w+"? (does not exist|has finished already|has finished with error)\.$|^The workflow for execution "\w+" does not contain a waiting webhook /;
const NOT_NOW =
	/^The execution "\w+" is running already\.$|^The requested webhook "[^"]*" is not registered\.$/;

function toOwnAnswer({ status, headers, body }: HttpAnswer): OwnAnswer | null {
	const content = typeof body === 'string' ? parseJson(body) : body;
	const own = ownSchema.safeParse(content).data;
	if (own !== undefined) {
		const seconds = headersSchema.parse(headers)['retry-after'];
		return { state: own.state, retryAfterMs: seconds === null ? null : seconds * 1000 };
	}
	const error = errorSchema.safeParse(content).data;
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

async function post(
	httpRequest: HttpRequest,
	url: string,
	body: string,
	timeout: number,
): Promise<HttpAnswer | null> {
	try {
		const { hostname, origin } = new URL(url);
		const received: unknown = await httpRequest({
			method: 'POST',
			url,
			headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
			body,
			encoding: 'text',
			timeout,
			...WHOLE_ANSWER,
			disableFollowRedirect: true,
			...(LOOPBACK.test(hostname) || origin === listening ? withoutDetour(url) : {}),
		});
		return toHttpAnswer(received);
	} catch {
		return null;
	}
}

/**
 * Calls a public URL of this n8n as the API would, and nowhere else. Never throws.
 *
 * @returns what a login does instead, in words; null tells nothing: it may be reached from outside
 */
export async function postAsTheApi(
	httpRequest: HttpRequest,
	url: string,
): Promise<OwnAnswer | string | null> {
	const response = await post(httpRequest, url, '{}', 20_000);
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
	for (const candidate of candidatesFor(url)) {
		// Longer than a webhook of this package reads for such a call (32 s).
		const response = await post(httpRequest, candidate, body, 35_000);
		const answer = response === null ? null : toOwnAnswer(response);
		// Another n8n may listen at the port that is guessed, and knows no such execution or webhook either.
		const isGuess = ![listening, origin].includes(new URL(candidate).origin);
		const isOurs = response?.status !== 404 && answer?.state !== 'gone';
		if (answer !== null && (!isGuess || isOurs)) return answer;
	}
	return null;
}
