import type { IExecuteFunctions, Logger } from 'n8n-workflow';

import { pause } from '../n8n/async';
import { withoutCancelling } from '../n8n/execution';
import { type Credential, readCredential } from './credential';
import { ApiFailure, Failure, type Settled } from './failure';
import { Pace } from './pace';
import { AFTER_FAULT, isRateLimit, isRefusedForGood, mayRetry, pauseMs } from './retry';
import {
	createdSchema,
	type CreateInput,
	type Credits,
	creditsSchema,
	MODEL,
	type TaskReading,
	toTaskReading,
} from './schemas';
import { type ApiContext, type ApiRequest, cancelSignalOf, sendOnce } from './transport';

/** How often one request is sent at the most, the first time included; refusals by a rate limit do not count. */
const MAX_ATTEMPTS = 4;

/** The body of `POST /v1/videos/generations` (API docs). */
export function toCreateBody(input: CreateInput, callbackUrl: string | null) {
	return { model: MODEL, ...(callbackUrl !== null && { callback_url: callbackUrl }), input };
}

/** The API for one account. Every method throws `CancelledError` when the execution was cancelled. */
export class ApiClient {
	readonly account: string;

	/** What n8n offers to whatever outlives the execution that the client was made in. */
	readonly host: { httpRequest: IExecuteFunctions['helpers']['httpRequest']; logger: Logger };

	constructor(
		private readonly context: ApiContext,
		private credential: Credential,
		/** The item whose credential each look reads anew; null in webhooks, where n8n takes longer for that than a request. */
		private readonly itemIndex: number | null,
		/** By account: a pause that one API asks for does not hold up requests with another credential. */
		readonly paces = new Map<string, Pace>(),
	) {
		this.account = credential.account;
		this.host = { httpRequest: context.helpers.httpRequest, logger: context.logger };
	}

	get baseUrl(): string {
		return this.credential.baseUrl;
	}

	/** Whether any request has succeeded, so that a refusal does not mean that the key is wrong. */
	get hasSucceeded(): boolean {
		return this.paceOf(this.credential).hasSucceeded;
	}

	/** The new task's id. */
	async create(input: CreateInput, callbackUrl: string | null): Promise<string | ApiFailure> {
		return await this.send({
			call: 'create',
			path: '/v1/videos/generations',
			body: toCreateBody(input, callbackUrl),
			parse: (body) => createdSchema.safeParse(body).data,
		});
	}

	async getTask(taskId: string): Promise<TaskReading | ApiFailure> {
		return await this.send(toTaskRequest(taskId));
	}

	/**
	 * Reads a task once, with the credential as it is now, and not at all where the API asked for a pause.
	 * A changed credential is kept as soon as it works; where it is refused, the former may still be right.
	 */
	async lookAt(taskId: string, withinMs = Infinity): Promise<TaskReading | ApiFailure> {
		const { itemIndex, context, credential: former } = this;
		const read = itemIndex === null ? former : await readCredential(context, itemIndex);
		const current = read instanceof Failure ? former : read;
		const request = toTaskRequest(taskId);
		const result = await this.attempt(request, current, false, withinMs);
		if (current.account === former.account) return result;
		if (!(result instanceof ApiFailure)) this.credential = current;
		else if (isRefusedForGood(result.detail))
			return await this.attempt(request, former, false, withinMs);
		return result;
	}

	async getCredits(): Promise<Credits | ApiFailure> {
		return await this.send({
			call: 'getCredits',
			path: '/v1/credits',
			parse: (body) => creditsSchema.safeParse(body).data,
		});
	}

	/** Sends a request, again where that is safe: the one loop that does. */
	private async send<T>(request: ApiRequest<T>): Promise<T | ApiFailure> {
		for (let attempts = 1; ; attempts++) {
			const { credential } = this;
			const result = await this.attempt(request, credential, true);
			if (!(result instanceof ApiFailure)) return result;
			const { detail } = result;
			if (!mayRetry(detail) || this.paceOf(credential).isGivenUp()) return result;
			// A rate limit slows a run down: it goes by its own time, not by the number of tries.
			if (isRateLimit(detail)) attempts -= 1;
			else if (attempts >= MAX_ATTEMPTS) return result;
			else if (detail.retryAfterMs === null)
				await pause(pauseMs(AFTER_FAULT, attempts), cancelSignalOf(this.context));
		}
	}

	private paceOf({ account }: Credential): Pace {
		const pace = this.paces.get(account) ?? new Pace();
		this.paces.set(account, pace);
		return pace;
	}

	private async attempt<T>(
		request: ApiRequest<T>,
		credential: Credential,
		mayWait: boolean,
		withinMs = Infinity,
	): Promise<T | ApiFailure> {
		const { call } = request;
		const pace = this.paceOf(credential);
		const endsAt = Date.now() + withinMs;
		const blocked = await pace.enter(mayWait, cancelSignalOf(this.context), withinMs);
		if (blocked !== null) return new ApiFailure({ ...blocked.detail, call });
		// A create may have been paid for, so it is let to its end.
		const context = call === 'create' ? withoutCancelling(this.context) : this.context;
		let failure: ApiFailure | null = null;
		try {
			const result = await sendOnce(context, credential, request, endsAt - Date.now());
			if (result instanceof ApiFailure) failure = result;
			return result;
		} finally {
			pace.leave(failure);
		}
	}
}

function toTaskRequest(taskId: string): ApiRequest<TaskReading> {
	return {
		call: 'getTask',
		path: `/v1/tasks/${encodeURIComponent(taskId)}`,
		parse: (body) => {
			const reading = toTaskReading(body);
			// An answer about another task is not what was asked for.
			return reading?.task.id.toLowerCase() === taskId.toLowerCase() ? reading : undefined;
		},
	};
}

/** A client for one item, or for the node where that is null (webhooks). `paces` are those of earlier clients. */
export async function openClient(
	context: ApiContext,
	itemIndex: number | null,
	paces?: ApiClient['paces'],
): Promise<Settled<ApiClient>> {
	const credential = await readCredential(context, itemIndex ?? 0);
	if (credential instanceof Failure) return credential;
	return new ApiClient(context, credential, itemIndex, paces);
}

/** The clients of a node run. Items with the same account share one, so that they slow down together. */
export function openClients(context: IExecuteFunctions) {
	const byAccount = new Map<string, ApiClient>();
	return async (itemIndex: number): Promise<Settled<ApiClient>> => {
		const opened = await openClient(context, itemIndex);
		if (opened instanceof Failure) return opened;
		const client = byAccount.get(opened.account) ?? opened;
		byAccount.set(client.account, client);
		return client;
	};
}
