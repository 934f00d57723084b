import type {
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestOptions,
	IWebhookFunctions,
} from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import { z } from 'zod';

import { orCancelled, pause } from '../flow';
import type { CreateBody } from '../task/request';
import { CREDENTIAL_TYPE, readCredential } from './credential';
import type { ApiCall, FailureDetail } from './failure';
import { ApiFailure, networkCodeOf, outcomeOfNetworkCode, outcomeOfStatus } from './failure';
import { MAX_ATTEMPTS, parseRetryAfter, retryDelayMs } from './retry';
import type { ApiTask } from './schemas';
import {
	apiErrorSchema,
	apiTaskSchema,
	createdSchema,
	creditsSchema,
	envelopeSchema,
	jsonObjectSchema,
} from './schemas';

/** The n8n contexts that may call the API. */
export type ApiContext = IExecuteFunctions | IWebhookFunctions | IHookFunctions;

/** How long one attempt may take, from connecting to the last byte, in milliseconds. */
const ATTEMPT_TIMEOUT_MS: Record<ApiCall, number> = {
	create: 60_000,
	getTask: 30_000,
	getCredits: 30_000,
};

const EXCERPT_LENGTH = 300;

/** What the API answered for a task: parsed, and as it came. */
export interface TaskReading {
	task: ApiTask;
	raw: IDataObject;
}

export interface Credits {
	balance: number;
	totalPurchased: number;
	totalConsumed: number;
}

/** The API as the operations see it. Every method throws {@link ApiFailure}, or `Cancelled`. */
export interface ApiClient {
	/** The credential's base URL, without a trailing slash. */
	readonly baseUrl: string;
	/** `POST /v1/videos/generations`: the new task's id. */
	create(body: CreateBody): Promise<string>;
	/** `GET /v1/tasks/{taskId}`. */
	getTask(taskId: string): Promise<TaskReading>;
	/** `GET /v1/credits`. */
	getCredits(): Promise<Credits>;
}

export interface ClientOptions {
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
}

const responseSchema = z.object({
	statusCode: z.number(),
	headers: z.record(z.unknown()).catch({}),
	body: z.unknown(),
});

interface Answer {
	status: number;
	/** The parsed JSON, or the text as it came when it is none. */
	body: unknown;
}

interface Call {
	name: ApiCall;
	method: 'GET' | 'POST';
	path: string;
	body?: CreateBody;
}

/**
 * A client for one node run: all its requests slow down together when the API says that there are
 * too many.
 *
 * @throws NodeOperationError when the credential is missing or incomplete
 */
export async function openClient(
	context: ApiContext,
	{ signal, maxAttempts = MAX_ATTEMPTS, attemptTimeoutMs, rereadsKey = false }: ClientOptions = {},
): Promise<ApiClient> {
	const { baseUrl, decrypted } = await readCredential(context);
	const known = rereadsKey ? undefined : { credentialsDecrypted: decrypted };
	let pausedUntilMs = 0;

	const attempt = async (call: Call): Promise<Answer | ApiFailure> => {
		const timeoutMs = attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS[call.name];
		const options: IHttpRequestOptions = {
			method: call.method,
			url: `${baseUrl}${call.path}`,
			headers: call.body === undefined ? ACCEPT_JSON : { ...ACCEPT_JSON, ...SEND_JSON },
			...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
			timeout: timeoutMs,
			encoding: 'text',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			// A redirect would turn a POST into a GET, and could carry the key to another host.
			disableFollowRedirect: true,
		};
		const answered = new AbortController();
		try {
			const response = await Promise.race([
				context.helpers.httpRequestWithAuthentication.call(
					context,
					CREDENTIAL_TYPE,
					options,
					known,
				),
				deadline(timeoutMs, answered.signal),
			]);
			return readAnswer(call.name, response);
		} catch (thrown) {
			return networkFailure(call.name, thrown);
		} finally {
			answered.abort();
		}
	};

	const send = async <T>(call: Call, parse: (answer: Answer) => T | ApiFailure): Promise<T> => {
		for (let attempts = 1; ; attempts++) {
			await pause(Math.max(0, pausedUntilMs - Date.now()), signal);
			const answer = await orCancelled(attempt(call), signal);
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

	return {
		baseUrl,
		create: async (body) =>
			await send(
				{ name: 'create', method: 'POST', path: '/v1/videos/generations', body },
				(answer) => parseCreated(answer),
			),
		getTask: async (taskId) =>
			await send(
				{ name: 'getTask', method: 'GET', path: `/v1/tasks/${encodeURIComponent(taskId)}` },
				(answer) => parseTask(answer, taskId),
			),
		getCredits: async () =>
			await send({ name: 'getCredits', method: 'GET', path: '/v1/credits' }, (answer) =>
				parseCredits(answer),
			),
	};
}

const ACCEPT_JSON = { Accept: 'application/json' };
const SEND_JSON = { 'Content-Type': 'application/json' };

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

function excerpt(received: unknown): string {
	const text = typeof received === 'string' ? received : (JSON.stringify(received) ?? '');
	const folded = text.replace(/\s+/g, ' ').trim();
	return folded.length > EXCERPT_LENGTH ? `${folded.slice(0, EXCERPT_LENGTH)}…` : folded;
}

function contentFailure(call: ApiCall, answer: Answer, more: Partial<FailureDetail> = {}) {
	return new ApiFailure({
		call,
		kind: 'content',
		outcome: 'unclear',
		status: answer.status,
		code: null,
		text: excerpt(answer.body),
		retryAfterMs: null,
		...more,
	});
}

function parseCreated(answer: Answer): string | ApiFailure {
	const created = createdSchema.safeParse(answer.body);
	if (created.success) return created.data.data.taskId;
	const envelope = envelopeSchema.safeParse(answer.body);
	if (!envelope.success || envelope.data.code === 200) return contentFailure('create', answer);
	const { code, msg } = envelope.data;
	return contentFailure('create', answer, { kind: 'answer', code: String(code), text: msg });
}

function parseTask(answer: Answer, taskId: string): TaskReading | ApiFailure {
	const task = apiTaskSchema.safeParse(answer.body);
	const raw = jsonObjectSchema.safeParse(answer.body);
	if (!task.success || !raw.success || task.data.id !== taskId) {
		return contentFailure('getTask', answer);
	}
	return { task: task.data, raw: raw.data };
}

function parseCredits(answer: Answer): Credits | ApiFailure {
	const credits = creditsSchema.safeParse(answer.body);
	if (!credits.success) return contentFailure('getCredits', answer);
	const { balance, total_purchased, total_consumed } = credits.data.data;
	return { balance, totalPurchased: total_purchased, totalConsumed: total_consumed };
}
