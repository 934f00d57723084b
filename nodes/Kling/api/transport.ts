import type {
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';

import { within } from '../n8n/async';
import { withoutCancelling } from '../n8n/execution';
import { type HttpAnswer, parseJson, toHttpAnswer, WHOLE_ANSWER } from '../n8n/http';
import { type Credential, CREDENTIAL_TYPE } from './credential';
import {
	type ApiCall,
	ApiFailure,
	hostFaultOf,
	networkCodeOf,
	outcomeOfNetworkCode,
	outcomeOfStatus,
} from './failure';
import { withoutKeys } from './redact';
import { parseRetryAfter } from './retry';
import { apiErrorSchema, type CreateBody } from './schemas';

export type ApiContext = IExecuteFunctions | IWebhookFunctions | IHookFunctions;

/** How long one attempt may take, from connecting to the last byte, in milliseconds. */
export const ATTEMPT_TIMEOUT_MS: Record<ApiCall, number> = {
	create: 60_000,
	getTask: 30_000,
	getCredits: 30_000,
};

const EXCERPT_LENGTH = 300;

export interface ApiRequest {
	call: ApiCall;
	method: 'GET' | 'POST';
	/** Below the base URL, with a leading slash. */
	path: string;
	body?: CreateBody;
}

/**
 * Sends a request once. A create is let to its end also when the execution is cancelled.
 *
 * @returns a 2xx answer, its body parsed where it is JSON
 */
export async function sendOnce(
	context: ApiContext,
	{ baseUrl, decrypted, mask }: Credential,
	request: ApiRequest,
	timeoutMs: number,
): Promise<HttpAnswer | ApiFailure> {
	const { call } = request;
	const sender = call === 'create' ? withoutCancelling(context) : context;
	const sent: Promise<unknown> = context.helpers.httpRequestWithAuthentication.call(
		sender,
		CREDENTIAL_TYPE,
		toHttpRequest(baseUrl, request, timeoutMs),
		{ credentialsDecrypted: decrypted },
	);
	// The socket's own timeout starts anew with each byte, so a slow drip needs a deadline besides.
	const response = await within(timeoutMs, sent, TOO_LATE).catch((thrown: unknown) =>
		failureOf(call, thrown),
	);
	if (response === TOO_LATE) return networkFailure(call, 'ETIMEDOUT');
	if (response instanceof ApiFailure) return response;
	try {
		return readAnswer(call, response, mask);
	} catch {
		// What is nested too deeply was answered all the same.
		return networkFailure(call, null);
	}
}

function failureOf(call: ApiCall, thrown: unknown): ApiFailure {
	const code = networkCodeOf(thrown);
	const hostFault = code === null ? hostFaultOf(thrown) : null;
	return hostFault === null ? networkFailure(call, code) : hostFailure(call, hostFault);
}

const TOO_LATE = Symbol('too late');

function toHttpRequest(
	baseUrl: string,
	{ method, path, body }: ApiRequest,
	timeoutMs: number,
): IHttpRequestOptions {
	const contentType = body === undefined ? {} : { 'Content-Type': 'application/json' };
	return {
		method,
		url: `${baseUrl}${path}`,
		headers: { Accept: 'application/json', ...contentType },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		timeout: timeoutMs,
		encoding: 'text',
		...WHOLE_ANSWER,
		// A redirect would turn a POST into a GET, and could carry the key to another host.
		disableFollowRedirect: true,
	};
}

const NO_ANSWER = { status: null, code: null, text: '', retryAfterMs: null };

function networkFailure(call: ApiCall, code: string | null): ApiFailure {
	const outcome = outcomeOfNetworkCode(code);
	return new ApiFailure({ ...NO_ANSWER, call, kind: 'network', outcome, code });
}

/** A request that n8n itself did not send, for this reason. */
export function hostFailure(call: ApiCall, reason: string): ApiFailure {
	const text = withoutKeys(reason);
	return new ApiFailure({ ...NO_ANSWER, call, kind: 'host', outcome: 'notSent', text });
}

/** @param mask takes out of what the API or a proxy says what nobody may see */
function readAnswer(
	call: ApiCall,
	response: unknown,
	mask: Credential['mask'],
): HttpAnswer | ApiFailure {
	const answer = toHttpAnswer(response);
	if (answer === null) return networkFailure(call, null);
	const { status, headers, body: received } = answer;
	const body = mask(typeof received === 'string' ? (parseJson(received) ?? received) : received);
	if (status >= 200 && status < 300) return { status, headers, body };
	const documented = apiErrorSchema.safeParse(body).data?.error;
	return new ApiFailure({
		call,
		kind: 'answer',
		outcome: outcomeOfStatus(status),
		status,
		code: documented?.code ?? null,
		text: documented === undefined ? excerpt(body) : withoutKeys(documented.message),
		retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
	});
}

/** The beginning of what came instead of the promised answer, on one line. */
export function excerpt(received: unknown): string {
	const text = typeof received === 'string' ? received : (JSON.stringify(received) ?? '');
	const folded = withoutKeys(text).replace(/\s+/g, ' ').trim();
	return folded.length > EXCERPT_LENGTH ? `${folded.slice(0, EXCERPT_LENGTH)}…` : folded;
}
