import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, type Settled, Unreached, valuesOf } from '../api/failure';
import type { Task } from '../api/task';
import { mapConcurrently } from '../n8n/async';
import { keepsFailedItems } from '../n8n/execution';
import { DOWNLOAD_CONCURRENCY } from '../result/download';
import { hasErrorOutput, type ItemOutcome } from '../result/item';
import { waitedOutcome } from '../result/reading';
import { openOf, READ_CONCURRENCY, SILENCE_MS } from './look';
import { pollTasks } from './poll';
import type { RunWait, WaitingItem, WaitingItems } from './settings';
import { stayAwake, suspend } from './suspend';

/** Waits in this process until the tasks of all items are over or the time is. */
export async function waitByPolling(
	context: IExecuteFunctions,
	items: WaitingItems,
	{ timeoutMs, intervalMs }: RunWait,
): Promise<ItemOutcome[]> {
	const signal = context.getExecutionCancelSignal();
	const stopsAtRefusal = !keepsFailedItems(context);
	await pollTasks(tasksOf(items), { timeoutMs, intervalMs, stopsAtRefusal, signal });
	return await toOutcomes(context, items);
}

/**
 * Reads the tasks of all items once. Finished ones need no wait; for any other the execution is
 * suspended. Nothing is downloaded before that, since a callback that arrives while the execution
 * still runs is lost (n8n: 409). A run that is about to fail is never suspended: a suspended node
 * cannot fail any more.
 *
 * @returns null when the execution was suspended
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
	const readsEndAt = startedAt + Math.max(timeoutMs, SILENCE_MS);
	await mapConcurrently(
		tasks,
		READ_CONCURRENCY,
		async (task) => await task.read(),
		() => Date.now() < readsEndAt,
	);
	const fails = !context.continueOnFail() && items.some(cannotBeRead);
	if (fails || openOf(tasks).length === 0) return await toOutcomes(context, items);
	const withoutFiles = items.map((item) =>
		item instanceof Failure ? item : { ...item, result: { ...item.result, downloadField: null } },
	);
	const known = await toOutcomes(context, withoutFiles);
	await suspend(context, items, known, startedAt + timeoutMs);
	return null;
}

function cannotBeRead(item: Settled<WaitingItem>): boolean {
	return item instanceof Failure || (item.task.isOver && item.task.failure !== null);
}

/** Each task once, however many items share it. */
function tasksOf(items: WaitingItems): Task[] {
	return [...new Set(valuesOf(items).map(({ task }) => task))];
}

async function toOutcomes(context: IExecuteFunctions, items: WaitingItems): Promise<ItemOutcome[]> {
	const signal = context.getExecutionCancelSignal();
	const outcomes = await mapConcurrently(items, DOWNLOAD_CONCURRENCY, async (item) => {
		if (item instanceof Failure) return item;
		const failsItem = hasErrorOutput(context) || item.wait?.throwOnFailure === true;
		return await waitedOutcome(context, item.task, { ...item.result, failsItem, signal });
	});
	return outcomes.map((outcome) => outcome ?? new Unreached());
}
