import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { ApiFailure } from '../api/failure';
import { toNodeApiError } from '../api/errors';
import { mapConcurrently } from '../flow';
import type { ItemError, ItemOutcome } from '../items';
import { toItemError } from '../items';
import { estimateCredits } from '../task/pricing';
import type { CreateBody } from '../task/request';
import {
	buildCreateBody,
	parseCallbackUrl,
	parseDuration,
	parseImageUrls,
	parsePrompt,
	parseSound,
} from '../task/request';
import { newTask } from '../task/task';
import { readConcurrency } from './parameters';

/** Where the API is asked to report the end of a task. */
export interface CallbackChoice {
	callback: 'url' | 'none';
	callbackUrl: string | undefined;
}

/** One item's request, checked and ready to send. */
export interface PreparedRequest extends CallbackChoice {
	input: CreateBody['input'];
	estimatedCredits: number;
}

export interface CreatedTask extends PreparedRequest {
	taskId: string;
}

/** What became of one item's request. */
export type Creation =
	| { ok: true; created: CreatedTask }
	| { ok: false; error: ItemError; taskId?: string };

type Preparation = { ok: true; request: PreparedRequest } | { ok: false; error: ItemError };

/** Answers that every further request of the run would get as well. */
const HOPELESS_CODES = new Set(['invalid_api_key', 'ip_not_allowed', 'spend_limit_exceeded']);

/** Decides the callback of one item. */
export function readCallback(context: IExecuteFunctions, itemIndex: number): CallbackChoice {
	if (context.getNodeParameter('callback', itemIndex, 'none') !== 'url') {
		return { callback: 'none', callbackUrl: undefined };
	}
	const callbackUrl = parseCallbackUrl(context.getNodeParameter('callbackUrl', itemIndex, ''));
	return { callback: 'url', callbackUrl };
}

function prepare(context: IExecuteFunctions, itemIndex: number): PreparedRequest {
	const parameter = (name: string, fallback: unknown): unknown =>
		context.getNodeParameter(name, itemIndex, fallback);
	const duration = parseDuration(parameter('duration', 5));
	const sound = parseSound(parameter('sound', false));
	return {
		input: {
			prompt: parsePrompt(parameter('prompt', '')),
			image_urls: parseImageUrls(parameter('imageUrls', '')),
			duration,
			sound,
		},
		estimatedCredits: estimateCredits(duration, sound),
		...readCallback(context, itemIndex),
	};
}

/** Reads and checks the requests of all items; nothing is sent. */
function prepareAll(context: IExecuteFunctions): Preparation[] {
	return context.getInputData().map((_, itemIndex): Preparation => {
		try {
			return { ok: true, request: prepare(context, itemIndex) };
		} catch (thrown) {
			return { ok: false, error: toItemError(context, thrown, itemIndex) };
		}
	});
}

/**
 * Creates a task for each item, several at once. All items are checked before the first request.
 *
 * Unless the node continues on errors, the first failed item stops further requests, and the error
 * names the tasks that were created all the same: they are paid for.
 *
 * @throws the first item's error, unless the node continues on errors
 */
export async function createTasks(
	context: IExecuteFunctions,
	client: ApiClient,
): Promise<Creation[]> {
	const continues = context.continueOnFail();
	const concurrency = readConcurrency(context);
	const prepared = prepareAll(context);
	const invalid = prepared.find((item) => !item.ok);
	if (invalid !== undefined && !invalid.ok && !continues) throw invalid.error;

	let lastFailure: ApiFailure | undefined;
	let stopped = false;
	const createOne = async (item: Preparation, itemIndex: number): Promise<Creation> => {
		if (!item.ok) return item;
		try {
			const body = buildCreateBody(item.request.input, item.request.callbackUrl);
			return { ok: true, created: { ...item.request, taskId: await client.create(body) } };
		} catch (thrown) {
			if (thrown instanceof ApiFailure) {
				lastFailure = thrown;
				stopped ||= !continues || HOPELESS_CODES.has(thrown.detail.code ?? '');
			}
			return { ok: false, error: toItemError(context, thrown, itemIndex) };
		}
	};
	const settled = await mapConcurrently(prepared, concurrency, createOne, () => !stopped);

	if (lastFailure !== undefined && !continues) {
		const itemIndex = settled.findIndex((creation) => creation?.ok === false);
		const error = toNodeApiError(context.getNode(), lastFailure, { itemIndex });
		throw namingCreated(error, createdIdsOf(settled));
	}
	return settled.map((creation, itemIndex): Creation => {
		if (creation !== undefined) return creation;
		return { ok: false, error: toItemError(context, lastFailure, itemIndex) };
	});
}

/** The ids of the tasks that came to be. */
export function createdIdsOf(creations: ReadonlyArray<Creation | undefined>): string[] {
	return creations.flatMap((creation) => (creation?.ok === true ? [creation.created.taskId] : []));
}

/** The error of a run that stops half-way, naming the tasks that it created: they are paid for. */
export function namingCreated(error: ItemError, createdIds: readonly string[]): ItemError {
	if (createdIds.length > 0) {
		error.message += `. This run had already created: ${createdIds.join(', ')}`;
	}
	return error;
}

/** What an item says about its request, besides the task itself. */
export function describeRequest(created: CreatedTask): IDataObject {
	return {
		estimatedCredits: created.estimatedCredits,
		duration: created.input.duration,
		sound: created.input.sound,
		callback: created.callback,
		callbackUrl: created.callbackUrl ?? null,
	};
}

/** The item of a task that was created and not read yet. */
export function createdToOutcome(creation: Creation): ItemOutcome {
	if (!creation.ok) return creation;
	const { created } = creation;
	return { ok: true, json: { ...newTask(created.taskId), ...describeRequest(created) } };
}
