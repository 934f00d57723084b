import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { toNodeApiError } from '../api/errors';
import { ApiFailure, failureAsValue } from '../api/failure';
import type { CallbackChoice } from '../callback/choice';
import { mapConcurrently } from '../flow';
import type { ItemError, ItemOutcome } from '../items';
import { namingCreated, toItemError } from '../items';
import { checkBudget } from '../money/budget';
import { openMemory } from '../money/memory';
import { formatCredits } from '../task/pricing';
import { buildCreateBody } from '../task/request';
import { newTask } from '../task/task';
import { noteAwaited } from '../waiting/awaited';
import { readConcurrency } from './parameters';
import type { Preparation, PreparedRequest } from './prepare';
import { prepareAll } from './prepare';

export interface CreatedTask extends PreparedRequest {
	taskId: string;
}

/** What became of one item's request. */
export type Creation =
	| { ok: true; created: CreatedTask }
	| { ok: false; error: ItemError; taskId?: string };

/** Answers that every further request of the run would get as well. */
const HOPELESS_CODES = new Set(['invalid_api_key', 'ip_not_allowed', 'spend_limit_exceeded']);

/** The API failure of a request that an earlier try has sent without learning its outcome. */
const STILL_UNCLEAR = new ApiFailure({
	call: 'create',
	kind: 'network',
	outcome: 'unclear',
	status: null,
	code: null,
	text: '',
	retryAfterMs: null,
});

/**
 * Creates a task for each item, several at once, and pays for none twice. All items are checked
 * before the first request, and so are callback, limit and balance.
 *
 * Unless the node continues on errors, the first failed item stops further requests, and the error
 * names the tasks that were created all the same: they are paid for.
 *
 * @param choose decides the callback of one item
 * @throws the first item's error, unless the node continues on errors
 */
export async function createTasks(
	context: IExecuteFunctions,
	client: ApiClient,
	choose: (itemIndex: number) => CallbackChoice,
): Promise<Creation[]> {
	const continues = context.continueOnFail();
	const concurrency = readConcurrency(context);
	const memory = openMemory(context);

	const prepared = await prepareAll(context, client, memory, choose);
	const invalid = prepared.find((item) => !item.ok);
	if (invalid !== undefined && !invalid.ok && !continues) throw invalid.error;

	const unpaid = prepared.flatMap((item) => (item.ok && !('taskId' in item) ? [item] : []));
	await checkBudget(context, client, {
		credits: unpaid.reduce((sum, { request }) => sum + request.estimatedCredits, 0),
		count: unpaid.length,
	});

	let lastFailure: ApiFailure | undefined;
	let stopped = false;
	const failed = (failure: ApiFailure, itemIndex: number): Creation => {
		lastFailure = failure;
		stopped ||= !continues || HOPELESS_CODES.has(failure.detail.code ?? '');
		return { ok: false, error: toItemError(context, failure, itemIndex) };
	};
	const createOne = async (item: Preparation, itemIndex: number): Promise<Creation> => {
		if (!item.ok) return item;
		const { request } = item;
		if ('taskId' in item) return { ok: true, created: { ...request, taskId: item.taskId } };
		if (memory.isUnclear(itemIndex, request)) return failed(STILL_UNCLEAR, itemIndex);

		memory.sending(itemIndex, request);
		const taskId = await failureAsValue(
			client.create(buildCreateBody(request.input, request.callbackUrl)),
		);
		if (taskId instanceof ApiFailure) {
			if (taskId.detail.outcome !== 'unclear') memory.refused(itemIndex);
			return failed(taskId, itemIndex);
		}
		memory.created(itemIndex, taskId);
		return { ok: true, created: { ...request, taskId } };
	};
	const settled = await mapConcurrently(prepared, concurrency, createOne, () => !stopped).catch(
		(thrown: unknown) => {
			// A cancelled execution keeps no output, so the log is the only place left to name them.
			const createdIds = memory.createdIds();
			if (createdIds.length > 0) {
				context.logger.warn(`Cancelled after creating Kling tasks: ${createdIds.join(', ')}`);
			}
			throw thrown;
		},
	);

	noteCallbacks(context, settled);
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

/** Lets a Wait further down know which tasks will call this execution back. */
function noteCallbacks(
	context: IExecuteFunctions,
	creations: ReadonlyArray<Creation | undefined>,
): void {
	const calling = new Map<string, string[]>();
	for (const creation of creations) {
		if (creation?.ok !== true || creation.created.callback !== 'execution') continue;
		const { callbackUrl, taskId } = creation.created;
		if (callbackUrl !== undefined) {
			calling.set(callbackUrl, [...(calling.get(callbackUrl) ?? []), taskId]);
		}
	}
	for (const [url, taskIds] of calling) noteAwaited(context, url, taskIds);
}

/** The ids of the tasks that came to be. */
export function createdIdsOf(creations: ReadonlyArray<Creation | undefined>): string[] {
	return creations.flatMap((creation) => (creation?.ok === true ? [creation.created.taskId] : []));
}

/** Says what a run spent on all its items. */
export function spendingHints(creations: readonly Creation[]): string[] {
	const created = creations.flatMap((creation) => (creation.ok ? [creation.created] : []));
	if (created.length === 0) return [];
	const credits = created.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
	const videos = created.length === 1 ? '1 video' : `${created.length} videos`;
	return [`${videos} for an estimated ${formatCredits(credits)} in all.`];
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
