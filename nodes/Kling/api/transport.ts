import type {
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';

import { abortable, within } from '../n8n/async';
import { parseJson, toHttpAnswer, WHOLE_ANSWER } from '../n8n/http';
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
import { apiErrorSchema, envelopeSchema } from './schemas';

export type ApiContext = IExecuteFunctions | IWebhookFunctions | IHookFunctions;

/** How long one attempt may take, from connecting to the last byte, in milliseconds. */
const ATTEMPT_TIMEOUT_MS = { create: 60_000, getTask: 30_000, getCredits: 30_000 };

const EXCERPT_LENGTH = 300;

export interface ApiRequest<T> {
	call: ApiCall;
	/** Below the base URL, with a leading slash. */
	path: string;
	/** What is posted; nothing is for a GET. */
	body?: object;
	/** What a 2xx body says, if it is what the API promises. */
	parse(body: unknown): T | undefined;
}

/** Fires once the execution is cancelled; webhooks and hooks have none. */
export function cancelSignalOf(context: ApiContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

/**
 * Sends a request once.
 *
 * @throws {CancelledError} when the execution was cancelled
 */
export async function sendOnce<T>(
	context: ApiContext,
	{ baseUrl, decrypted, mask }: Credential,
	request: ApiRequest<T>,
	withinMs: number,
): Promise<T | ApiFailure> {
	const { call, path, body } = request;
	const timeoutMs = Math.max(1, Math.min(withinMs, ATTEMPT_TIMEOUT_MS[call]));
	const contentType = body === undefined ? {} : { 'Content-Type': 'application/json' };
	const options: IHttpRequestOptions = {
		method: body === undefined ? 'GET' : 'POST',
		url: `${baseUrl}${path}`,
		headers: { Accept: 'application/json', ...contentType },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		timeout: timeoutMs,
		encoding: 'text',
		...WHOLE_ANSWER,
		// A redirect would turn a POST into a GET, and could carry the key to another host.
		disableFollowRedirect: true,
	};
	const sent: Promise<unknown> = context.helpers.httpRequestWithAuthentication.call(
		context,
		CREDENTIAL_TYPE,
		options,
		{ credentialsDecrypted: decrypted },
	);
	// The socket's own timeout starts anew with each byte, so a slow drip needs a deadline besides.
	const received = within(timeoutMs, sent, networkFailure(call, 'ETIMEDOUT')).catch(
		(thrown: unknown) => failureOf(call, thrown),
	);
	const response = await abortable(received, cancelSignalOf(context));
	if (response instanceof ApiFailure) return response;
	try {
		return readAnswer(request, response, mask);
	} catch {
		// What is nested too deeply was answered all the same.
		return networkFailure(call, null);
	}
}

function failureOf(call: ApiCall, thrown: unknown): ApiFailure {
	const hostFault = hostFaultOf(thrown);
	if (hostFault !== null) return hostFailure(call, hostFault);
	return networkFailure(call, networkCodeOf(thrown));
}

function networkFailure(call: ApiCall, code: string | null): ApiFailure {
	return new ApiFailure({ call, kind: 'network', outcome: outcomeOfNetworkCode(code), code });
}

/** A request that n8n itself did not send, for this reason. */
export function hostFailure(call: ApiCall, reason: string): ApiFailure {
	return new ApiFailure({ call, kind: 'host', outcome: 'notSent', text: withoutKeys(reason) });
}

/** @param mask takes out of what the API or a proxy says what nobody may see */
function readAnswer<T>(
	{ call, parse }: ApiRequest<T>,
	response: unknown,
	mask: Credential['mask'],
): T | ApiFailure {
	const answer = toHttpAnswer(response);
	if (answer === null) return networkFailure(call, null);
	const { status, headers, body: received } = answer;
	const body = mask(typeof received === 'string' ? (parseJson(received) ?? received) : received);
	const isSuccess = status >= 200 && status < 300;
	const parsed = isSuccess ? parse(body) : undefined;
	if (parsed !== undefined) return parsed;
	const refusal = isSuccess
		? call === 'create' && envelopeSchema.safeParse(body).data
		: apiErrorSchema.safeParse(body).data;
	return new ApiFailure({
		call,
		kind: isSuccess && !refusal ? 'content' : 'answer',
		outcome: outcomeOfStatus(status),
		status,
		code: refusal ? refusal.code : null,
		text: refusal ? withoutKeys(refusal.message) : excerpt(body),
		retryAfterMs: isSuccess ? null : parseRetryAfter(headers['retry-after'], Date.now()),
	});
}

/** The beginning of what came instead of the promised answer, on one line. */
function excerpt(received: unknown): string {
	const text = typeof received === 'string' ? received : (JSON.stringify(received) ?? '');
	const folded = withoutKeys(text).replace(/\s+/g, ' ').trim();
	return folded.length > EXCERPT_LENGTH ? `${folded.slice(0, EXCERPT_LENGTH)}…` : folded;
}
