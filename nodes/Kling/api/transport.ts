import type {
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import { z } from 'zod';

import { abortable, pause } from '../n8n/async';
import type { Credential } from './credential';
import { CREDENTIAL_TYPE, readCredential } from './credential';
import type { ApiCall } from './failure';
import { ApiFailure, networkCodeOf, outcomeOfNetworkCode, outcomeOfStatus } from './failure';
import { MAX_ATTEMPTS, parseRetryAfter, retryDelayMs } from './retry';
import type { CreateBody } from './schemas';
import { apiErrorSchema } from './schemas';

/** The n8n contexts that may call the API. */
export type ApiContext = IExecuteFunctions | IWebhookFunctions | IHookFunctions;

/** How long one attempt may take, from connecting to the last byte, in milliseconds. */
const ATTEMPT_TIMEOUT_MS: Record<ApiCall, number> = {
	create: 60_000,
	getTask: 30_000,
	getCredits: 30_000,
};

const EXCERPT_LENGTH = 300;

export interface TransportOptions {
	/** Fires when the execution is cancelled. */
	signal?: AbortSignal;
	/** How often one request may be sent, {@link MAX_ATTEMPTS} unless told. */
	maxAttempts?: number;
	/** The time for one attempt, for callers that have only seconds to answer. */
	attemptTimeoutMs?: number;
	/**
	 * Whether each request reads the credential anew, so that a key that is replaced in the meantime
	 * does not end a long wait. Else it is read once: n8n asks its database each time and, outside of
	 * an execution, sets up a sandbox for expressions, which takes longer than the request itself.
	 */
	rereadsKey?: boolean;
	/** The item for which the credential's expressions are resolved then. */
	itemIndex?: number;
}

/** One call to the API. */
export interface ApiRequest {
	call: ApiCall;
	method: 'GET' | 'POST';
	/** Below the base URL, with a leading slash. */
	path: string;
	body?: CreateBody;
}

/** A 2xx answer. */
export interface Answer {
	status: number;
	/** The parsed JSON, or the text as it came when it is none. */
	body: unknown;
}

/**
 * Sends a request, again where that is safe, and parses its answer.
 *
 * @throws {ApiFailure} when no attempt succeeded, or `parse` gave one
 * @throws {CancelledError} when the execution was cancelled
 */
export type Send = <T>(
	request: ApiRequest,
	parse: (answer: Answer) => T | ApiFailure,
) => Promise<T>;

const responseSchema = z.object({
	statusCode: z.number(),
	headers: z.record(z.unknown()).catch({}),
	body: z.unknown(),
});

/** A way to the API whose requests slow down together when it says that there are too many. */
export function openTransport(
	context: ApiContext,
	{ baseUrl, decrypted }: Credential,
	{
		signal,
		maxAttempts = MAX_ATTEMPTS,
		attemptTimeoutMs,
		rereadsKey = false,
		itemIndex = 0,
	}: TransportOptions,
): Send {
	const currentKey = async () =>
		rereadsKey ? (await readCredential(context, itemIndex)).decrypted : decrypted;
	let pausedUntilMs = 0;

	const attempt = async (request: ApiRequest): Promise<Answer | ApiFailure> => {
		const timeoutMs = attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS[request.call];
		const answered = new AbortController();
		try {
			const credentialsDecrypted = await currentKey();
			const response = await Promise.race([
				context.helpers.httpRequestWithAuthentication.call(
					context,
					CREDENTIAL_TYPE,
					toHttpRequest(baseUrl, request, timeoutMs),
					{ credentialsDecrypted },
				),
				deadline(timeoutMs, answered.signal),
			]);
			return readAnswer(request.call, response);
		} catch (thrown) {
			return networkFailure(request.call, thrown);
		} finally {
			answered.abort();
		}
	};

	return async (request, parse) => {
		for (let attempts = 1; ; attempts++) {
			await pause(Math.max(0, pausedUntilMs - Date.now()), signal);
			const answer = await abortable(attempt(request), signal);
			const result = answer instanceof ApiFailure ? answer : parse(answer);
			if (!(result instanceof ApiFailure)) return result;

			const delayMs = retryDelayMs(result.detail, attempts, Math.random());
			if (delayMs === null) throw result;
			const isRateLimit = result.detail.code === 'rate_limit_exceeded';
			if (isRateLimit) pausedUntilMs = Math.max(pausedUntilMs, Date.now() + delayMs);
			if (attempts >= maxAttempts) throw result;
			if (!isRateLimit) await pause(delayMs, signal);
		}
	};
}

const ACCEPT_JSON = { Accept: 'application/json' };
const SEND_JSON = { 'Content-Type': 'application/json' };

function toHttpRequest(
	baseUrl: string,
	{ method, path, body }: ApiRequest,
	timeoutMs: number,
): IHttpRequestOptions {
	return {
		method,
		url: `${baseUrl}${path}`,
		headers: body === undefined ? ACCEPT_JSON : { ...ACCEPT_JSON, ...SEND_JSON },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		timeout: timeoutMs,
		encoding: 'text',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		// A redirect would turn a POST into a GET, and could carry the key to another host.
		disableFollowRedirect: true,
	};
}

class DeadlinePassed extends Error {}

/** The socket's own timeout starts anew with each byte, so a slow drip needs a deadline besides. */
async function deadline(ms: number, answered: AbortSignal): Promise<never> {
	await sleep(ms, answered);
	throw new DeadlinePassed();
}

function networkFailure(call: ApiCall, thrown: unknown): ApiFailure {
	const code = thrown instanceof DeadlinePassed ? 'ETIMEDOUT' : networkCodeOf(thrown);
	return new ApiFailure({
		call,
		kind: 'network',
		outcome: outcomeOfNetworkCode(code),
		status: null,
		code,
		text: '',
		retryAfterMs: null,
	});
}

function readAnswer(call: ApiCall, response: unknown): Answer | ApiFailure {
	const { statusCode: status, headers, body: received } = responseSchema.parse(response);
	const body = parseBody(received);
	if (status >= 200 && status < 300) return { status, body };
	const documented = apiErrorSchema.safeParse(body);
	return new ApiFailure({
		call,
		kind: 'answer',
		outcome: documented.success && status === 429 ? 'refused' : outcomeOfStatus(status),
		status,
		code: documented.success ? documented.data.error.code : null,
		text: documented.success ? documented.data.error.message : excerpt(received),
		retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
	});
}

function parseBody(received: unknown): unknown {
	if (typeof received !== 'string') return received;
	try {
		return JSON.parse(received);
	} catch {
		return received;
	}
}

/** The beginning of what came instead of the promised answer, on one line. */
export function excerpt(received: unknown): string {
	const text = typeof received === 'string' ? received : (JSON.stringify(received) ?? '');
	const folded = text.replace(/\s+/g, ' ').trim();
	return folded.length > EXCERPT_LENGTH ? `${folded.slice(0, EXCERPT_LENGTH)}…` : folded;
}
