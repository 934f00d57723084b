import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { openClient } from '../api/client';
import { failureAsValue } from '../api/failure';
import { pause } from '../flow';
import type { ItemOutcome } from '../items';
import { toItemError } from '../items';
import { isUnsuccessful, newTask } from '../task/task';
import type { PollResult } from '../waiting/poll';
import { pollTasks } from '../waiting/poll';
import type { WaitSettings } from './parameters';
import { hasErrorOutput, readingToOutcome, unsuccessfulOutcome } from './result';

/** One item of a wait: an item that has no task already has its outcome. */
export type WaitingItem =
	| { ok: true; taskId: string; extras: IDataObject }
	| Extract<ItemOutcome, { ok: false }>;

/** Waits in this process until the tasks of all items are finished or the time is over. */
export async function pollForTasks(
	context: IExecuteFunctions,
	items: readonly WaitingItem[],
	{ timeoutMs, intervalMs }: WaitSettings,
): Promise<ItemOutcome[]> {
	const signal = context.getExecutionCancelSignal();
	const client = await openClient(context, { signal, maxAttempts: 1 });
	const results = await pollTasks(
		items.flatMap((item) => (item.ok ? [item.taskId] : [])),
		{
			read: async (taskId) => await failureAsValue(client.getTask(taskId)),
			pause: async (ms) => await pause(ms, signal),
			now: () => Date.now(),
			random: () => Math.random(),
			timeoutMs,
			intervalMs,
		},
	);
	return items.map((item, itemIndex): ItemOutcome => {
		if (!item.ok) return item;
		const result = results.get(item.taskId);
		return result === undefined ? neverRead(item) : polledOutcome(context, itemIndex, item, result);
	});
}

function neverRead({ taskId, extras }: Extract<WaitingItem, { ok: true }>): ItemOutcome {
	return { ok: true, json: { ...newTask(taskId), ...extras, timedOut: true } };
}

function polledOutcome(
	context: IExecuteFunctions,
	itemIndex: number,
	item: Extract<WaitingItem, { ok: true }>,
	{ reading, timedOut, failure }: PollResult,
): ItemOutcome {
	const { taskId } = item;
	if (failure !== null && !timedOut) {
		return { ok: false, error: toItemError(context, failure, itemIndex, taskId), taskId };
	}
	if (reading === null) return neverRead(item);
	if (isUnsuccessful(reading.task) && hasErrorOutput(context)) {
		return unsuccessfulOutcome(context, itemIndex, reading);
	}
	return readingToOutcome(context, itemIndex, reading, { ...item.extras, timedOut });
}
