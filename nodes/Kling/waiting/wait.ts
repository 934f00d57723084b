import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, valuesOf } from '../api/failure';
import type { Task } from '../api/task';
import { mapConcurrently } from '../n8n/async';
import { keepsFailedItems } from '../n8n/execution';
import type { ResultSettings } from '../parameters/result';
import { DOWNLOAD_CONCURRENCY } from '../result/download';
import { hasErrorOutput, type ItemOutcome } from '../result/item';
import { waitedOutcome } from '../result/reading';
import { openOf, readEach } from './look';
import { pollTasks } from './poll';
import type { RunWait, WaitingItems } from './settings';
import { stayAwake, suspend } from './suspend';

/** Waits in this process until the tasks of all items are over or the time is. */
export async function waitByPolling(
	context: IExecuteFunctions,
	items: WaitingItems,
	wait: RunWait,
): Promise<ItemOutcome[]> {
	const signal = context.getExecutionCancelSignal();
	await pollTasks(tasksOf(items), wait, !keepsFailedItems(context), signal);
	return await toOutcomes(context, items);
}

/**
 * Reads all tasks once, and suspends the execution, which gives null, unless they are over. Nothing is
 * downloaded before that, since a callback that arrives while the execution still runs is lost (n8n: 409).
 * A run that is about to fail is never suspended: a suspended node cannot fail any more.
 */
export async function waitAsleep(
	context: IExecuteFunctions,
	items: WaitingItems,
	wait: RunWait,
): Promise<ItemOutcome[] | null> {
	const { timeoutMs } = wait;
	if (timeoutMs === 0) return await waitByPolling(context, items, wait);
	await stayAwake(context);
	const tasks = tasksOf(items);
	const startedAt = Date.now();
	await readEach(tasks, timeoutMs, async (task) => await task.read());
	const isRefused = items.some(
		(item) => item instanceof Failure || (item.task.isOver && item.task.failure !== null),
	);
	if ((isRefused && !context.continueOnFail()) || openOf(tasks).length === 0) {
		return await toOutcomes(context, items);
	}
	const known = await toOutcomes(context, items, { downloadField: null });
	await suspend(context, items, known, startedAt + timeoutMs);
	return null;
}

/** Each task once, however many items share it. */
function tasksOf(items: WaitingItems): Task[] {
	return [...new Set(valuesOf(items).map(({ task }) => task))];
}

async function toOutcomes(
	context: IExecuteFunctions,
	items: WaitingItems,
	changes: Partial<ResultSettings> = {},
): Promise<ItemOutcome[]> {
	const signal = context.getExecutionCancelSignal();
	return await mapConcurrently(items, DOWNLOAD_CONCURRENCY, async (item) => {
		if (item instanceof Failure) return item;
		const failsItem = hasErrorOutput(context) || item.wait?.throwOnFailure === true;
		const options = { ...item.result, ...changes, failsItem, signal };
		return await waitedOutcome(context, item.task, options);
	});
}
