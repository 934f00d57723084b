import type {
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import { z } from 'zod';

import { abortable, pause } from '../n8n/async';
import { withoutCancelling } from '../n8n/execution';
import type { Credential } from './credential';
import { CREDENTIAL_TYPE, readCredential } from './credential';
import type { ApiCall } from './failure';
import {
	ApiFailure,
	hostFaultOf,
	networkCodeOf,
	outcomeOfNetworkCode,
	outcomeOfStatus,
} from './failure';
import { withoutKeys } from './redact';
import { MAX_ATTEMPTS, MAX_RETRY_DELAY_MS, parseRetryAfter, retryDelayMs } from './retry';
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
	credential: Credential,
	{
		signal,
		maxAttempts = MAX_ATTEMPTS,
		attemptTimeoutMs,
		rereadsKey = false,
		itemIndex = 0,
	}: TransportOptions,
): Send {
	const current = async () => (rereadsKey ? await readCredential(context, itemIndex) : credential);
	const lasting = withoutCancelling(context);
	/** Until when the API wants no more requests, and how it said so. */
	let pausedUntilMs = 0;
	let pausedBy: ApiFailure | undefined;

	const attempt = async (request: ApiRequest): Promise<Answer | ApiFailure> => {
		const timeoutMs = attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS[request.call];
		const answered = new AbortController();
		const send = async (): Promise<Answer | ApiFailure> => {
			const { decrypted, mask } = await current();
			const response: unknown = await context.helpers.httpRequestWithAuthentication.call(
				request.call === 'create' ? lasting : context,
				CREDENTIAL_TYPE,
				toHttpRequest(credential.baseUrl, request, timeoutMs),
				{ credentialsDecrypted: decrypted },
			);
			return readAnswer(request.call, response, mask);
		};
		try {
			return await Promise.race([send(), deadline(timeoutMs, answered.signal)]);
		} catch (thrown) {
			return networkFailure(request.call, thrown);
		} finally {
			answered.abort();
		}
	};

	return async (request, parse) => {
		for (let attempts = 1; ; attempts++) {
			const pauseMs = Math.max(0, pausedUntilMs - Date.now());
			if (pauseMs > MAX_RETRY_DELAY_MS && pausedBy !== undefined) throw pausedBy;
			await pause(pauseMs, signal);
			// A create may have been paid for, so it is let to its end.
			const sent = attempt(request);
			const answer = request.call === 'create' ? await sent : await abortable(sent, signal);
			const result = answer instanceof ApiFailure ? answer : parse(answer);
			if (!(result instanceof ApiFailure)) return result;

			const delayMs = retryDelayMs(result.detail, attempts, Math.random());
			const { code, retryAfterMs } = result.detail;
			const concernsAll = code === 'rate_limit_exceeded' || retryAfterMs !== null;
			if (concernsAll) {
				const leftAloneMs = Math.max(delayMs ?? 0, retryAfterMs ?? 0);
				pausedUntilMs = Math.max(pausedUntilMs, Date.now() + leftAloneMs);
				pausedBy = result;
			}
			if (delayMs === null || attempts >= maxAttempts) throw result;
			if (!concernsAll) await pause(delayMs, signal);
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
	const hostFault = code === null ? hostFaultOf(thrown) : null;
	return new ApiFailure({
		call,
		kind: hostFault === null ? 'network' : 'host',
		outcome: hostFault === null ? outcomeOfNetworkCode(code) : 'notSent',
		status: null,
		code,
		text: withoutKeys(hostFault ?? ''),
		retryAfterMs: null,
	});
}

/** @param mask takes the key out of what the API or a proxy says */
function readAnswer(
	call: ApiCall,
	response: unknown,
	mask: Credential['mask'],
): Answer | ApiFailure {
	const parsed = responseSchema.safeParse(response);
	if (!parsed.success) return networkFailure(call, null);
	const { statusCode: status, headers, body: received } = parsed.data;
	const body = mask(parseBody(received));
	if (status >= 200 && status < 300) return { status, body };
	const documented = apiErrorSchema.safeParse(body);
	return new ApiFailure({
		call,
		kind: 'answer',
		outcome: documented.success && status === 429 ? 'refused' : outcomeOfStatus(status),
		status,
		code: documented.success ? documented.data.error.code : null,
		text: documented.success ? withoutKeys(documented.data.error.message) : excerpt(body),
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
	const folded = withoutKeys(text).replace(/\s+/g, ' ').trim();
	return folded.length > EXCERPT_LENGTH ? `${folded.slice(0, EXCERPT_LENGTH)}…` : folded;
}
