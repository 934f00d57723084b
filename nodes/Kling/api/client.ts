import type { IExecuteFunctions, Logger } from 'n8n-workflow';

import { abortable, pause } from '../n8n/async';
import { withoutCancelling } from '../n8n/execution';
import { type Credential, readCredential } from './credential';
import type { ApiCall, FailureDetail, Settled } from './failure';
import { ApiFailure, Failure } from './failure';
import { Pace } from './pace';
import { AFTER_FAULT, isRateLimit, isRefused, MAX_ATTEMPTS, mayRetry, pauseMs } from './retry';
import type { CreateBody, CreateInput, TaskReading } from './schemas';
import {
	apiTaskSchema,
	createdSchema,
	creditsSchema,
	envelopeSchema,
	jsonObjectSchema,
	MODEL,
} from './schemas';
import type { Answer, ApiContext, ApiRequest } from './transport';
import { ATTEMPT_TIMEOUT_MS, excerpt, sendOnce } from './transport';

/** The body of a create. Without a callback the key is left out. */
export function toCreateBody(input: CreateInput, callbackUrl: string | null): CreateBody {
	return {
		model: MODEL,
		...(callbackUrl === null ? {} : { callback_url: callbackUrl }),
		input,
	};
}

export interface Credits {
	balance: number;
	totalPurchased: number;
	totalConsumed: number;
}

/** One reading among many: it is made once, and where the API asked for a pause it is not made at all. */
export interface OneLook {
	/** How long it may take, in milliseconds. */
	withinMs?: number;
}

/** The API for one account. Every method throws `CancelledError` when the execution was cancelled. */
export interface ApiClient {
	/** The credential's base URL, without a trailing slash. */
	readonly baseUrl: string;
	/** The same for clients with the same credential, key and base URL. Never shown or stored. */
	readonly account: string;
	/** Whether any request has succeeded, so that a refusal does not mean that the key is wrong. */
	readonly hasSucceeded: boolean;
	/** What n8n offers to whatever outlives the execution that the client was made in. */
	readonly host: { httpRequest: IExecuteFunctions['helpers']['httpRequest']; logger: Logger };
	/** `POST /v1/videos/generations`: the new task's id. */
	create(input: CreateInput, callbackUrl: string | null): Promise<string | ApiFailure>;
	/**
	 * `GET /v1/tasks/{taskId}`.
	 *
	 * @param look makes it one reading among many; else it is tried again like any request
	 */
	getTask(taskId: string, look?: OneLook): Promise<TaskReading | ApiFailure>;
	/** `GET /v1/credits`. */
	getCredits(): Promise<Credits | ApiFailure>;
}

interface ClientOptions {
	/** Fires when the execution is cancelled. */
	signal?: AbortSignal;
	/** The item for which the credential's expressions are resolved. */
	itemIndex: number;
	/**
	 * Whether each look reads the credential anew, since it may be changed while a wait goes on. Not in
	 * webhooks, where n8n takes longer for that than for the request itself.
	 */
	followsCredential: boolean;
	/** Whether the key is known to be a right one. */
	hasSucceeded: boolean;
}

type Parse<T> = (answer: Answer) => T | ApiFailure;

class Client implements ApiClient {
	hasSucceeded: boolean;

	readonly host: ApiClient['host'];

	readonly account: string;

	/** By account: a pause that one API asks for does not hold up requests with another credential. */
	private readonly paces = new Map<string, Pace>();

	constructor(
		private readonly context: ApiContext,
		private credential: Credential,
		private readonly options: ClientOptions,
	) {
		this.account = credential.account;
		this.hasSucceeded = options.hasSucceeded;
		this.host = { httpRequest: context.helpers.httpRequest, logger: context.logger };
	}

	get baseUrl(): string {
		return this.credential.baseUrl;
	}

	async create(input: CreateInput, callbackUrl: string | null): Promise<string | ApiFailure> {
		const body = toCreateBody(input, callbackUrl);
		const path = '/v1/videos/generations';
		return await this.send({ call: 'create', method: 'POST', path, body }, parseCreated);
	}

	async getTask(taskId: string, look?: OneLook): Promise<TaskReading | ApiFailure> {
		const path = `/v1/tasks/${encodeURIComponent(taskId)}`;
		const request: ApiRequest = { call: 'getTask', method: 'GET', path };
		const parse: Parse<TaskReading> = (answer) => parseTask(answer, taskId);
		return await (look === undefined
			? this.send(request, parse)
			: this.lookUp(request, parse, look));
	}

	async getCredits(): Promise<Credits | ApiFailure> {
		return await this.send(
			{ call: 'getCredits', method: 'GET', path: '/v1/credits' },
			parseCredits,
		);
	}

	/** Sends a request, again where that is safe: the one loop that does. */
	private async send<T>(request: ApiRequest, parse: Parse<T>): Promise<T | ApiFailure> {
		const { signal } = this.options;
		for (let attempts = 1; ; attempts++) {
			const { credential } = this;
			const pace = this.paceOf(credential);
			const blocked = await pace.enter(true, signal);
			if (blocked !== null) return forCall(request.call, blocked);
			const timeoutMs = ATTEMPT_TIMEOUT_MS[request.call];
			const result = await this.attempt(request, parse, timeoutMs, credential);
			if (!(result instanceof ApiFailure)) return result;
			const { detail } = result;
			if (!mayRetry(detail) || pace.isGivenUp()) return result;
			// A rate limit slows a run down: it goes by its own time, not by the number of tries.
			if (isRateLimit(detail)) attempts -= 1;
			else if (attempts >= MAX_ATTEMPTS) return result;
			else if (detail.retryAfterMs === null) await pause(pauseMs(AFTER_FAULT, attempts), signal);
		}
	}

	/**
	 * Sends a request once, with the credential as it is now. One that has changed is kept as soon as it
	 * works; where it is refused, the former one may still be right.
	 */
	private async lookUp<T>(
		request: ApiRequest,
		parse: Parse<T>,
		{ withinMs = Infinity }: OneLook,
	): Promise<T | ApiFailure> {
		const timeoutMs = Math.max(1, Math.min(withinMs, ATTEMPT_TIMEOUT_MS[request.call]));
		const current = this.options.followsCredential ? await this.reread() : this.credential;
		const isChanged = current.account !== this.credential.account;
		const former = this.credential;
		const attempt = async (credential: Credential) => {
			const blocked = await this.paceOf(credential).enter(false, this.options.signal);
			if (blocked !== null) return forCall(request.call, blocked);
			return await this.attempt(request, parse, timeoutMs, credential);
		};
		const result = await attempt(current);
		if (!isChanged) return result;
		if (!(result instanceof ApiFailure)) this.credential = current;
		else if (isRefused(result.detail)) return await attempt(former);
		return result;
	}

	private paceOf({ account }: Credential): Pace {
		const pace = this.paces.get(account) ?? new Pace();
		this.paces.set(account, pace);
		return pace;
	}

	private async reread(): Promise<Credential> {
		const read = await readCredential(this.context, this.options.itemIndex);
		return read instanceof Failure ? this.credential : read;
	}

	/** One attempt by one that has a place, which it gives back. */
	private async attempt<T>(
		request: ApiRequest,
		parse: Parse<T>,
		timeoutMs: number,
		credential: Credential,
	): Promise<T | ApiFailure> {
		let failure: ApiFailure | null = null;
		try {
			const sent = sendOnce(this.context, credential, request, timeoutMs);
			// A create may have been paid for, so it is let to its end.
			const { call } = request;
			const answer = call === 'create' ? await sent : await abortable(sent, this.options.signal);
			const result = answer instanceof ApiFailure ? answer : parse(answer);
			if (result instanceof ApiFailure) failure = result;
			else this.hasSucceeded = true;
			return result;
		} finally {
			this.paceOf(credential).leave(failure);
		}
	}
}

function forCall(call: ApiCall, { detail }: ApiFailure): ApiFailure {
	return new ApiFailure({ ...detail, call });
}

/** A client for a webhook or hook, whose key is taken for a right one: what it is for was paid with it. */
export async function openClient(context: ApiContext): Promise<Settled<ApiClient>> {
	const credential = await readCredential(context);
	if (credential instanceof Failure) return credential;
	const options = { itemIndex: 0, followsCredential: false, hasSucceeded: true };
	return new Client(context, credential, options);
}

/** The clients of one node run. */
export interface Clients {
	/**
	 * The client that speaks with one item's own credential. Items with the same key and base URL
	 * share one, so that their requests slow down together.
	 */
	clientFor(itemIndex: number): Promise<Settled<ApiClient>>;
}

/** The clients of one node run; what they send ends when the execution is cancelled. */
export function openClients(context: IExecuteFunctions): Clients {
	const signal = context.getExecutionCancelSignal();
	const byItem = new Map<number, Promise<Settled<ApiClient>>>();
	const byAccount = new Map<string, ApiClient>();

	const open = async (itemIndex: number): Promise<Settled<ApiClient>> => {
		const credential = await readCredential(context, itemIndex);
		if (credential instanceof Failure) return credential;
		const options = { signal, itemIndex, followsCredential: true, hasSucceeded: false };
		const client = byAccount.get(credential.account) ?? new Client(context, credential, options);
		byAccount.set(credential.account, client);
		return client;
	};

	return {
		clientFor: async (itemIndex) => {
			const client = byItem.get(itemIndex) ?? open(itemIndex);
			byItem.set(itemIndex, client);
			return await client;
		},
	};
}

/** A client that outlives the execution it was made in: nothing that is cancelled ends its requests. */
export async function openLastingClient(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<Settled<ApiClient>> {
	const credential = await readCredential(context, itemIndex);
	if (credential instanceof Failure) return credential;
	const options = { itemIndex, followsCredential: true, hasSucceeded: true };
	return new Client(withoutCancelling(context), credential, options);
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
	if (!task.success || !raw.success || task.data.id !== taskId.toLowerCase()) {
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
