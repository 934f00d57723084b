import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { Failure, type Settled } from '../api/failure';
import type { Task } from '../api/task';
import { resumeAddressOf } from '../callback/resumeAddress';
import { pause } from '../n8n/async';
import { isAlone, readRunIndex } from '../n8n/execution';
import type { ResultSettings } from '../parameters/result';
import type { WaitSettings } from '../parameters/waiting';
import { type ItemOutcome, toItem } from '../result/item';
import { lastingClient } from './ownCall';
import { CONTEXT_KEY, parseStored, sleeperOf, type StoredItem, type StoredWait } from './sleeper';

export interface WaitingItem {
	task: Task;
	result: ResultSettings;
	/** What the item itself says; null where it says nothing. */
	wait: WaitSettings | null;
}

export type WaitingItems = ReadonlyArray<Settled<WaitingItem>>;

/** Whether this run of the node has suspended already: n8n may call it again (*Retry On Fail*). */
export function isSuspended(context: IExecuteFunctions): boolean {
	const wait = parseStored(context.getContext('node'));
	return wait?.runIndex === readRunIndex(context) && wait.executionId === context.getExecutionId();
}

/**
 * How much later than the timeout n8n's own timer is set, in milliseconds. n8n arms it up to 70 s ahead, and
 * keeps it armed when something else wakes the execution: set too early, it would end the next wait.
 */
const TIMER_AFTER_MS = 100_000;

/** For the last look at each task, where there are many. */
const TIMER_AFTER_EACH_TASK_MS = 1_000;

/** For files that are still on their way: n8n's timer would end the wait without them. */
const TIMER_AFTER_FILES_MS = 660_000;

/** In the context that all nodes of an execution share: whether it has slept. */
const SLEPT_KEY = 'klingSlept';

/** In milliseconds: busy processes are seconds late. */
const AWAKE_MS = 10_000;

/**
 * Keeps an execution that has slept awake for a moment. Two processes may wake it at once, and n8n only
 * asks if it sleeps: if it slept at a later wait by then, the slower one would run, and pay for, all after
 * the first wait again.
 */
export async function stayAwake(context: IExecuteFunctions): Promise<void> {
	if (isAlone(context) || context.getContext('flow')[SLEPT_KEY] !== true) return;
	await pause(AWAKE_MS, context.getExecutionCancelSignal());
}

/**
 * Suspends the execution in n8n's database until all its tasks are over, or the time is. n8n's own timer
 * would pass on the node's input items: so what is known now is written into them, and with *Execute Once*,
 * where n8n still holds all the items that came in, the others are taken out.
 */
export async function suspend(
	context: IExecuteFunctions,
	items: WaitingItems,
	known: readonly ItemOutcome[],
	timeoutAt: number,
): Promise<void> {
	const input = context.getInputData();
	const output = known.map((outcome, itemIndex) => toItem(context, outcome, itemIndex));
	const numbers = new Map<Task, number>();
	const stored = items.map((item, itemIndex): StoredItem => {
		if (item instanceof Failure || (item.task.isOver && known[itemIndex] instanceof Failure)) {
			return { settled: output[itemIndex]?.json ?? {} };
		}
		const { id, createdAt, request, reading } = item.task;
		const task = numbers.get(item.task) ?? numbers.size;
		numbers.set(item.task, task);
		return { task, taskId: id, createdAt, request, ...item.result, known: reading?.raw };
	});
	const downloads = stored.some((item) => 'taskId' in item && item.downloadField !== null);
	const wait: StoredWait = {
		executionId: context.getExecutionId(),
		runIndex: readRunIndex(context),
		timeoutAt,
		n8nTimerAt:
			Math.max(timeoutAt, Date.now()) +
			TIMER_AFTER_MS +
			TIMER_AFTER_EACH_TASK_MS * items.length +
			(downloads ? TIMER_AFTER_FILES_MS : 0),
		items: stored,
	};
	// Before the input changes: keys may be expressions over it.
	const clients = await lastingClients(context, items, [...numbers.keys()]);
	sleeperOf(wait, clients, resumeAddressOf(context));
	context.getContext('node')[CONTEXT_KEY] = wait;
	context.getContext('flow')[SLEPT_KEY] = true;
	for (const [itemIndex, item] of input.entries()) {
		Object.assign(item, output[itemIndex]);
		delete item.binary;
	}
	context.getExecuteData().data.main?.[0]?.splice(input.length);
	await context.putExecutionToWait(new Date(wait.n8nTimerAt));
}

/** Those of the tasks, null for one that is over. */
async function lastingClients(
	context: IExecuteFunctions,
	items: WaitingItems,
	tasks: readonly Task[],
): Promise<Array<ApiClient | null>> {
	const clients: Array<ApiClient | null> = [];
	let last: ApiClient | null = null;
	for (const task of tasks) {
		const { client, isOver } = task;
		const itemIndex = items.findIndex((item) => !(item instanceof Failure) && item.task === task);
		if (!isOver && client !== null && last?.account !== client.account) {
			last = await lastingClient(context, itemIndex, client);
		}
		clients.push(isOver || client === null ? null : last);
	}
	return clients;
}
