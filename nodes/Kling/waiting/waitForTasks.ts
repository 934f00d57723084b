import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { UnexpectedError } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { openClients } from '../api/client';
import { ApiFailure, failureAsValue } from '../api/failure';
import { isTransient } from '../api/retry';
import { mapConcurrently, pause, within } from '../n8n/async';
import type { ResultSettings } from '../parameters/result';
import type { WaitSettings } from '../parameters/waiting';
import type { ItemOutcome } from '../result/item';
import { hasErrorOutput, toItem, toItemError } from '../result/item';
import { readingToOutcome } from '../result/reading';
import { isFinished, newTask, simplifiedToJson } from '../result/task';
import type { PollResult } from './poll';
import { pollTasks, READ_CONCURRENCY } from './poll';
import type { SuspendedItem } from './suspend';
import { suspend } from './suspend';
import type { WatchedTask } from './watch';

/** One item of a wait: an item that has no task already has its outcome. */
export type WaitingItem =
	| {
			ok: true;
			taskId: string;
			/** What Create says of the request. */
			extras: IDataObject;
			result: ResultSettings;
	  }
	| Extract<ItemOutcome, { ok: false }>;

/** One item of a wait whose task can be read. */
type ReadableItem =
	| (Extract<WaitingItem, { ok: true }> & {
			client: ApiClient;
			/** The same for items that have one task and one account: it is read once for all. */
			readKey: string;
	  })
	| Extract<ItemOutcome, { ok: false }>;

type ItemWithTask = Extract<ReadableItem, { ok: true }>;

/** Waits in this process until the tasks of all items are finished or the time is over. */
export async function waitByPolling(
	context: IExecuteFunctions,
	waiting: readonly WaitingItem[],
	settings: WaitSettings,
): Promise<ItemOutcome[]> {
	const items = await withClients(context, waiting, {
		maxAttempts: 1,
		rereadsKey: settings.timeoutMs > 0,
	});
	const results = await poll(context, items, settings);
	return await toOutcomes(context, items, results, settings.throwOnFailure);
}

/**
 * Reads the tasks of all items once. Finished ones need no wait; for any other the execution is
 * suspended. Nothing is downloaded before that, since a callback that arrives while the execution
 * still runs is lost (n8n: 409). A run that is about to fail is never suspended: a suspended node
 * cannot fail any more.
 *
 * @returns null when the execution was suspended
 */
export async function waitSuspended(
	context: IExecuteFunctions,
	waiting: readonly WaitingItem[],
	settings: WaitSettings,
): Promise<ItemOutcome[] | null> {
	const items = await withClients(context, waiting, {});
	const results = await readOnce(items);
	const fails =
		!context.continueOnFail() && items.some((item) => !item.ok || isUnreadable(item, results));
	const isOpen = (item: ReadableItem) => item.ok && results.get(item.readKey)?.timedOut === true;
	if (fails || settings.timeoutMs === 0 || !items.some(isOpen)) {
		return await toOutcomes(context, items, results, false);
	}
	const withoutFiles = items.map((item) =>
		item.ok ? { ...item, result: { ...item.result, downloadField: null } } : item,
	);
	const timedOut = await toOutcomes(context, withoutFiles, results, false);
	const suspended = items.map((item, itemIndex): SuspendedItem => {
		const outcome = timedOut[itemIndex];
		if (item.ok && !isUnreadable(item, results)) {
			const { taskId, extras, result, readKey } = item;
			const known = results.get(readKey)?.reading?.raw;
			return { taskId, extras, ...result, ...(known === undefined ? {} : { known }) };
		}
		if (outcome === undefined) return { settled: {} };
		return { settled: toItem(outcome, itemIndex, hasErrorOutput(context)).json };
	});
	const open = items.flatMap((item, itemIndex): WatchedTask[] =>
		item.ok && isOpen(item) ? [{ taskId: item.taskId, itemIndex, client: item.client }] : [],
	);
	await suspend(context, { items: suspended, timedOut, open, timeoutMs: settings.timeoutMs });
	return null;
}

/** Whether a task can never be read. */
function isUnreadable(
	{ readKey }: ItemWithTask,
	results: ReadonlyMap<string, PollResult>,
): boolean {
	const result = results.get(readKey);
	return result !== undefined && result.failure !== null && !result.timedOut;
}

/** Every distinct task as it is now, read with the retries of any reading. */
async function readOnce(items: readonly ReadableItem[]): Promise<Map<string, PollResult>> {
	const byKey = new Map(items.flatMap((item) => (item.ok ? [[item.readKey, item]] : [])));
	const results = new Map<string, PollResult>();
	await mapConcurrently([...byKey], READ_CONCURRENCY, async ([key, { client, taskId }]) => {
		const read = await failureAsValue(client.getTask(taskId));
		results.set(
			key,
			read instanceof ApiFailure
				? { reading: null, timedOut: isTransient(read.detail), failure: read }
				: { reading: read, timedOut: !isFinished(read.task), failure: null },
		);
	});
	return results;
}

/** Each item with the client that speaks with its own credential. */
async function withClients(
	context: IExecuteFunctions,
	items: readonly WaitingItem[],
	options: Parameters<typeof openClients>[1],
): Promise<ReadableItem[]> {
	const { clientFor } = openClients(context, options);
	const numbers = new Map<ApiClient, number>();
	const readable: ReadableItem[] = [];
	for (const [itemIndex, item] of items.entries()) {
		if (!item.ok) {
			readable.push(item);
			continue;
		}
		const { taskId } = item;
		try {
			const client = await clientFor(itemIndex);
			const number = numbers.get(client) ?? numbers.size;
			numbers.set(client, number);
			readable.push({ ...item, client, readKey: `${number}/${taskId}` });
		} catch (thrown) {
			readable.push({ ok: false, error: toItemError(context, thrown, itemIndex, taskId), taskId });
		}
	}
	return readable;
}

async function poll(
	context: IExecuteFunctions,
	items: readonly ReadableItem[],
	{ timeoutMs, intervalMs }: WaitSettings,
): Promise<Map<string, PollResult>> {
	const signal = context.getExecutionCancelSignal();
	const byKey = new Map(items.flatMap((item) => (item.ok ? [[item.readKey, item]] : [])));
	return await pollTasks([...byKey.keys()], {
		read: async (key, withinMs) => {
			const item = byKey.get(key);
			if (item === undefined) throw new UnexpectedError(`Nothing waits for ${key}`);
			return await within(withinMs, failureAsValue(item.client.getTask(item.taskId)), null);
		},
		pause: async (ms) => await pause(ms, signal),
		now: () => Date.now(),
		random: () => Math.random(),
		timeoutMs,
		intervalMs,
	});
}

/** How many items' videos are downloaded at once. */
const DOWNLOAD_CONCURRENCY = 3;

async function toOutcomes(
	context: IExecuteFunctions,
	items: readonly ReadableItem[],
	results: ReadonlyMap<string, PollResult>,
	throwOnFailure: boolean,
): Promise<ItemOutcome[]> {
	const outcomes = await mapConcurrently(
		items,
		DOWNLOAD_CONCURRENCY,
		async (item, itemIndex) => await toOutcome(context, itemIndex, item, results, throwOnFailure),
	);
	return outcomes.filter((outcome) => outcome !== undefined);
}

async function toOutcome(
	context: IExecuteFunctions,
	itemIndex: number,
	item: ReadableItem,
	results: ReadonlyMap<string, PollResult>,
	throwOnFailure: boolean,
): Promise<ItemOutcome> {
	if (!item.ok) return item;
	const { taskId, readKey, extras, result } = item;
	const { reading, timedOut, failure } = results.get(readKey) ?? NEVER_READ;
	if (failure !== null && !timedOut) {
		return { ok: false, error: toItemError(context, failure, itemIndex, taskId), taskId };
	}
	if (reading === null) {
		return {
			ok: true,
			json: simplifiedToJson(newTask(taskId), { timedOut, request: extras }),
			timedOut,
		};
	}
	return await readingToOutcome(context, itemIndex, reading, {
		...result,
		signal: context.getExecutionCancelSignal(),
		extras: { timedOut: timedOut && !isFinished(reading.task), request: extras },
		failsItem: hasErrorOutput(context) || throwOnFailure,
	});
}

const NEVER_READ: PollResult = { reading: null, timedOut: true, failure: null };
