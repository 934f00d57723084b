import type { IExecuteFunctions } from 'n8n-workflow';

import { openClients } from '../api/client';
import { Failure, type Settled, valuesOf } from '../api/failure';
import { Task } from '../api/task';
import { CANNOT_SLEEP } from '../callback/target';
import type { Journal } from '../creating/journal';
import { isTool, maySleep } from '../n8n/execution';
import { showHints } from '../n8n/hints';
import { readResult } from '../parameters/result';
import { collect, settingsOf } from '../parameters/settings';
import { namedTask, readTaskId } from '../parameters/taskId';
import { readWait } from '../parameters/waiting';
import { resultHints } from '../result/hints';
import { endedBy } from '../result/item';
import type { WaitingItem } from '../waiting/suspend';
import { readWaitOfRun, waitAsleep, waitByPolling } from '../waiting/wait';
import type { Operation } from './run';

/** Wait for Video: each item's task once it is finished. */
export const wait: Operation = async (context, journal) => {
	const waiting = readWaitOfRun(context);
	if (waiting instanceof Failure) return waiting;
	const items = await readItems(context, journal);
	const ended = endedBy(context, items);
	if (ended !== null) return ended;
	// It sleeps by itself only where the callback of each task wakes this very execution.
	const callsBack = valuesOf(items).every(({ task }) => {
		const entry = journal.entryOf(task.id);
		return (
			entry?.executionIds[0] === context.getExecutionId() && entry.summary.callback === 'execution'
		);
	});
	const { strategy } = waiting;
	if (strategy === 'callback' && !maySleep(context)) return CANNOT_SLEEP;
	const sleeps = strategy === 'callback' || (strategy === 'auto' && callsBack && maySleep(context));
	const outcomes = await (sleeps ? waitAsleep : waitByPolling)(context, items, waiting);
	if (outcomes !== null) showHints(context, resultHints(outcomes));
	return outcomes;
};

/** @param journal knows when a task was created: its item may have lost that on the way */
async function readItems(
	context: IExecuteFunctions,
	journal: Journal,
): Promise<Array<Settled<WaitingItem>>> {
	const clientFor = openClients(context);
	const tasks = new Map<string, Task>();
	const items: Array<Settled<WaitingItem>> = [];
	for (const itemIndex of context.getInputData().keys()) {
		const settings = settingsOf(context, itemIndex);
		const read = collect({
			taskId: readTaskId(settings),
			wait: readWait(settings, isTool(context)),
			result: readResult(settings),
			client: await clientFor(itemIndex),
		});
		if (read instanceof Failure) {
			items.push(read.about(namedTask(settings)));
			continue;
		}
		const key = `${read.client.account} ${read.taskId}`;
		const createdAt = journal.entryOf(read.taskId)?.createdAt ?? null;
		const task = tasks.get(key) ?? new Task(read.taskId, read.client, createdAt);
		tasks.set(key, task);
		items.push({ ...read, task });
	}
	return items;
}
