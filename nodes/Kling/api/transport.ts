import type { IExecuteFunctions, IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';

import { abortable, within } from '../n8n/async';
import { parseJson, toHttpAnswer, WHOLE_ANSWER } from '../n8n/http';
import { type Credential, CREDENTIAL_TYPE } from './credential';
import { type ApiCall, ApiFailure, type FailureDetail } from './failure';
import { withoutKeys } from './redact';
import { parseRetryAfter } from './retry';
import { apiErrorSchema, envelopeSchema } from './schemas';

export type ApiContext = IExecuteFunctions | IWebhookFunctions;

/** How long one attempt may take, from connecting to the last byte, in milliseconds. */
const ATTEMPT_TIMEOUT_MS = { create: 60_000, getTask: 30_000, getCredits: 30_000 };

const EXCERPT_LENGTH = 300;

export interface ApiRequest<T> {
	call: ApiCall;
	/** Below the base URL, with a leading slash. */
	path: string;
	body?: object;
	/** What a 2xx body says, if it is what the API promises. */
	parse(body: unknown): T | undefined;
}

/** Fires once the execution is cancelled; webhooks have none. */
export function cancelSignalOf(context: ApiContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

/** Sends a request once. Throws `CancelledError` when the execution was cancelled. */
export async function sendOnce<T>(
	context: ApiContext,
	{ baseUrl, decrypted, mask }: Credential,
	request: ApiRequest<T>,
	withinMs: number,
): Promise<T | ApiFailure> {
	const { call, path, body } = request;
	const timeoutMs = Math.max(1, Math.min(withinMs, ATTEMPT_TIMEOUT_MS[call]));
	const options: IHttpRequestOptions = {
		method: body === undefined ? 'GET' : 'POST',
		url: `${baseUrl}${path}`,
		headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) },
		body: body && JSON.stringify(body),
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
	const late = new ApiFailure({ call, kind: 'network', code: 'ETIMEDOUT' });
	// The socket's own timeout starts anew with each byte, so a slow drip needs a deadline besides.
	const received = within(timeoutMs, sent, late).catch(
		(thrown: unknown) => new ApiFailure({ call, ...faultOf(thrown) }),
	);
	const response = await abortable(received, cancelSignalOf(context));
	if (response instanceof ApiFailure) return response;
	try {
		return readAnswer(request, response, mask);
	} catch {
		// What is nested too deeply was answered all the same.
		return new ApiFailure({ call, kind: 'network' });
	}
}

/** @param mask takes out of what the API or a proxy says what nobody may see */
function readAnswer<T>(
	{ call, parse }: ApiRequest<T>,
	response: unknown,
	mask: Credential['mask'],
): T | ApiFailure {
	const answer = toHttpAnswer(response);
	if (answer === null) return new ApiFailure({ call, kind: 'network' });
	const { status, headers, body: received } = answer;
	const body = mask(typeof received === 'string' ? (parseJson(received) ?? received) : received);
	const isSuccess = status >= 200 && status < 300;
	const parsed = isSuccess ? parse(body) : undefined;
	if (parsed !== undefined) return parsed;
	const refusal = (isSuccess ? envelopeSchema : apiErrorSchema).safeParse(body).data;
	return new ApiFailure({
		call,
		kind: isSuccess && refusal === undefined ? 'content' : 'answer',
		status,
		code: refusal?.code ?? null,
		text: refusal === undefined ? excerpt(body) : withoutKeys(refusal.message),
		retryAfterMs: isSuccess ? null : parseRetryAfter(headers['retry-after'], Date.now()),
	});
}

/** The beginning of what came instead of the promised answer, on one line. */
function excerpt(received: unknown): string {
	const text = typeof received === 'string' ? received : (JSON.stringify(received) ?? '');
	const folded = withoutKeys(text).replace(/\s+/g, ' ').trim();
	return folded.length > EXCERPT_LENGTH ? `${folded.slice(0, EXCERPT_LENGTH)}…` : folded;
}

/** What a request helper threw, and what that was caused by: n8n wraps the original (`cause`). */
function causesOf(thrown: unknown, atMost = 5): object[] {
	if (typeof thrown !== 'object' || thrown === null || atMost === 0) return [];
	return [thrown, ...causesOf(Reflect.get(thrown, 'cause'), atMost - 1)];
}

function textOf(cause: object | undefined, key: string): string {
	const value: unknown = cause === undefined ? undefined : Reflect.get(cause, key);
	return typeof value === 'string' ? value : '';
}

const CODE = /^[A-Z][A-Z0-9_]+$/;

/** What n8n's HTTP client leaves in what it throws. */
const CLIENT_MARKS = ['isAxiosError', 'config', 'request', 'response'];

/**
 * What a request helper threw: n8n's own reason for a request that it did not hand to its HTTP client, else the
 * network's code, if any. A `NodeApiError` that has lost its cause (n8n 2.0) holds that as its `httpCode`.
 */
export function faultOf(thrown: unknown): Pick<FailureDetail, 'kind' | 'code' | 'text'> {
	const causes = causesOf(thrown);
	const codes = causes.flatMap((cause) => [textOf(cause, 'code'), textOf(cause, 'httpCode')]);
	const code = codes.find((text) => CODE.test(text)) ?? null;
	const wasHandedOver =
		code !== null ||
		textOf(causes.at(-1), 'name') === 'NodeApiError' ||
		causes.some((cause) => CLIENT_MARKS.some((mark) => Reflect.get(cause, mark) !== undefined));
	const reason = wasHandedOver ? '' : textOf(causes.at(-1), 'message');
	return { kind: reason === '' ? 'network' : 'host', code, text: withoutKeys(reason) };
}
