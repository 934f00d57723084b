import type { IExecuteFunctions } from 'n8n-workflow';

import { withoutCancelling } from '../n8n/execution';
import type { Credential } from './credential';
import { readCredential } from './credential';
import type { ApiCall, FailureDetail } from './failure';
import { ApiFailure } from './failure';
import type { CreateBody, CreateInput, TaskReading } from './schemas';
import {
	apiTaskSchema,
	createdSchema,
	creditsSchema,
	envelopeSchema,
	jsonObjectSchema,
	MODEL,
} from './schemas';
import type { Answer, ApiContext, TransportOptions } from './transport';
import { excerpt, openTransport } from './transport';

/** The body of a create. Without a callback the key is left out. */
export function toCreateBody(input: CreateInput, callbackUrl: string | undefined): CreateBody {
	return {
		model: MODEL,
		...(callbackUrl === undefined ? {} : { callback_url: callbackUrl }),
		input,
	};
}

export interface Credits {
	balance: number;
	totalPurchased: number;
	totalConsumed: number;
}

/** The API as the operations see it. Every method throws {@link ApiFailure}, or `CancelledError`. */
export interface ApiClient {
	/** The credential's base URL, without a trailing slash. */
	readonly baseUrl: string;
	/** The same for clients with the same key and base URL. Never shown or stored. */
	readonly identity: string;
	/** `POST /v1/videos/generations`: the new task's id. */
	create(input: CreateInput, callbackUrl: string | undefined): Promise<string>;
	/** `GET /v1/tasks/{taskId}`. */
	getTask(taskId: string): Promise<TaskReading>;
	/** `GET /v1/credits`. */
	getCredits(): Promise<Credits>;
}

/**
 * A client for a context without items.
 *
 * @throws NodeOperationError when the credential is missing or incomplete
 */
export async function openClient(
	context: ApiContext,
	options: TransportOptions = {},
): Promise<ApiClient> {
	return clientOf(context, await readCredential(context), options);
}

/** The clients of one node run. */
export interface Clients {
	/**
	 * The client that speaks with one item's own credential. Items with the same key and base URL
	 * share one, so that their requests slow down together.
	 *
	 * @throws NodeOperationError when the credential is missing or incomplete
	 */
	clientFor(itemIndex: number): Promise<ApiClient>;
}

/** The clients of one node run; what they send ends when the execution is cancelled. */
export function openClients(
	context: IExecuteFunctions,
	options: Omit<TransportOptions, 'signal' | 'itemIndex'> = {},
): Clients {
	const signal = context.getExecutionCancelSignal();
	const byItem = new Map<number, Promise<ApiClient>>();
	const byIdentity = new Map<string, ApiClient>();

	const open = async (itemIndex: number): Promise<ApiClient> => {
		const credential = await readCredential(context, itemIndex);
		const shared = byIdentity.get(credential.identity);
		if (shared !== undefined) return shared;
		const client = clientOf(context, credential, { ...options, signal, itemIndex });
		byIdentity.set(credential.identity, client);
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

/**
 * A client that outlives the execution it was made in: nothing that is cancelled ends its requests.
 *
 * @throws NodeOperationError when the credential is missing or incomplete
 */
export async function openLastingClient(
	context: IExecuteFunctions,
	itemIndex: number,
	options: Omit<TransportOptions, 'signal' | 'itemIndex'> = {},
): Promise<ApiClient> {
	const credential = await readCredential(context, itemIndex);
	return clientOf(withoutCancelling(context), credential, { ...options, itemIndex });
}

function clientOf(
	context: ApiContext,
	credential: Credential,
	options: TransportOptions,
): ApiClient {
	const send = openTransport(context, credential, options);
	return {
		baseUrl: credential.baseUrl,
		identity: credential.identity,
		create: async (input, callbackUrl) =>
			await send(
				{
					call: 'create',
					method: 'POST',
					path: '/v1/videos/generations',
					body: toCreateBody(input, callbackUrl),
				},
				parseCreated,
			),
		getTask: async (taskId) =>
			await send(
				{ call: 'getTask', method: 'GET', path: `/v1/tasks/${encodeURIComponent(taskId)}` },
				(answer) => parseTask(answer, taskId),
			),
		getCredits: async () =>
			await send({ call: 'getCredits', method: 'GET', path: '/v1/credits' }, parseCredits),
	};
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
