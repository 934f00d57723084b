import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, Refusal, type Settled, Unreached, valuesOf } from '../api/failure';
import { pauseMs } from '../api/retry';
import type { Task } from '../api/task';
import { mapConcurrently, pause } from '../n8n/async';
import { isTool, keepsFailedItems } from '../n8n/execution';
import { settingsOf } from '../parameters/settings';
import { readWait, WAIT_STRATEGY, type WaitSettings } from '../parameters/waiting';
import { DOWNLOAD_CONCURRENCY } from '../result/download';
import { hasErrorOutput, type ItemOutcome } from '../result/item';
import { waitedOutcome } from '../result/reading';
import { lastLook, look, openOf, readEach } from './look';
import { stayAwake, suspend, type WaitingItems } from './suspend';

/** How a run waits for all its items together. */
type RunWait = Omit<WaitSettings, 'throwOnFailure'>;

/** What the items say together: the longest time and the shortest interval; the strategy must be one. */
export function readWaitOfRun(context: IExecuteFunctions): Settled<RunWait> {
	const items = context.getInputData();
	const read = items.map((_, index) => readWait(settingsOf(context, index), isTool(context)));
	const right = valuesOf(read);
	const [first] = right;
	if (first === undefined) return read.find((one) => one instanceof Failure) ?? new Unreached();
	if (right.some(({ strategy }) => strategy !== first.strategy)) {
		return new Refusal(
			`'${WAIT_STRATEGY}' is not the same for all items`,
			'All items of a run wait together. Set it to the same for all, or send them through two nodes.',
		);
	}
	return {
		strategy: first.strategy,
		timeoutMs: Math.max(...right.map(({ timeoutMs }) => timeoutMs)),
		intervalMs: Math.min(...right.map(({ intervalMs }) => intervalMs)),
	};
}

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
 * Reads all tasks once, then looks with pauses between, until they are over or the time is. A failed
 * reading does not end the wait; an API that hangs delays its end by seconds.
 *
 * @param stopsAtRefusal whether a key that was never a right one ends the wait for all
 */
export async function pollTasks(
	tasks: readonly Task[],
	{ timeoutMs, intervalMs }: Omit<RunWait, 'strategy'>,
	stopsAtRefusal = false,
	signal?: AbortSignal,
): Promise<void> {
	const endsAt = Date.now() + timeoutMs;
	const leftMs = () => endsAt - Date.now();
	// From the poll interval on, to a minute where that is longer.
	const growth = { firstMs: intervalMs, factor: 1.25, longestMs: Math.max(intervalMs, 60_000) };
	await readEach(tasks, timeoutMs, async (task, withinMs) => await task.look(withinMs));
	let open = openOf(tasks);
	for (let round = 1; open.length > 0 && leftMs() > 0; round++) {
		if (stopsAtRefusal && tasks.some(({ isOver, isEnded }) => isOver && !isEnded)) return;
		const asked = open.map(({ failure }) => failure?.detail.retryAfterMs ?? 0);
		const gap = pauseMs(growth, round, Math.max(...asked));
		await pause(Math.min(gap, leftMs()), signal);
		if (leftMs() <= 0) break;
		const found = await look(tasks, { withinMs: leftMs() });
		open = found === null ? [] : [found];
	}
	await lastLook(tasks, endsAt, undefined, signal);
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
	const timeoutAt = Date.now() + timeoutMs;
	await readEach(tasks, timeoutMs, async (task) => await task.read());
	const isRefused = items.some(
		(item) => item instanceof Failure || (item.task.isOver && item.task.failure !== null),
	);
	if ((isRefused && !context.continueOnFail()) || openOf(tasks).length === 0) {
		return await toOutcomes(context, items);
	}
	const known = await toOutcomes(context, items, { downloadField: null });
	await suspend(context, items, known, timeoutAt);
	return null;
}

/** Each task once, however many items share it. */
function tasksOf(items: WaitingItems): Task[] {
	return [...new Set(valuesOf(items).map(({ task }) => task))];
}

async function toOutcomes(
	context: IExecuteFunctions,
	items: WaitingItems,
	changes?: { downloadField: null },
): Promise<ItemOutcome[]> {
	const signal = context.getExecutionCancelSignal();
	return await mapConcurrently(items, DOWNLOAD_CONCURRENCY, async (item) => {
		if (item instanceof Failure) return item;
		const failsItem = hasErrorOutput(context) || item.wait?.throwOnFailure === true;
		const options = { ...item.result, ...changes, failsItem, signal };
		return await waitedOutcome(context, item.task, options);
	});
}
