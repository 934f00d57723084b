import { AFTER_FAULT, isRateLimit, pauseMs } from '../api/retry';
import type { ReadTask, Task } from '../api/task';
import { mapConcurrently, pause, within } from '../n8n/async';

/** Reading more at once would only meet the API's rate limit. */
export const READ_CONCURRENCY = 5;

/** The tasks that are not over. */
export function openOf(tasks: readonly Task[]): Task[] {
	return tasks.filter(({ isOver }) => !isOver);
}

/**
 * Gives a task that is still open, or null when all are over, with as few readings as it can: first of the
 * one that was created last, then of five at a time, until one is open. As a rule that is one reading.
 */
export async function look(
	tasks: readonly Task[],
	{ withinMs, read }: { withinMs?: number; read?: ReadTask } = {},
): Promise<Task | null> {
	for (let size = 1; ; size = READ_CONCURRENCY) {
		const batch = openOf(tasks).slice(-size).reverse();
		if (batch.length === 0) return null;
		await mapConcurrently(batch, READ_CONCURRENCY, async (task) => await task.look(withinMs, read));
		const open = openOf(batch)[0];
		if (open !== undefined) return open;
	}
}

/** How long readings go on without any answer once the time is over, in milliseconds. */
const SILENCE_MS = 10_000;

/** Reads each task once, and none any more when the time is over; some seconds there are at least. */
export async function readEach(
	tasks: readonly Task[],
	timeoutMs: number,
	read: (task: Task, leftMs: number) => Promise<void>,
): Promise<void> {
	const endsAt = Date.now() + Math.max(timeoutMs, SILENCE_MS);
	await mapConcurrently(tasks, READ_CONCURRENCY, async (task) => {
		const leftMs = endsAt - Date.now();
		if (leftMs > 0) await read(task, leftMs);
	});
}

/** How long a reading of the last look keeps others waiting, in milliseconds: it may hang. */
const PLACE_MS = 1_500;

/**
 * The last look, once the time is over: each open task is read at least once, however many there are, and
 * again after passing faults. It ends for an account when that has answered nothing for some seconds.
 */
export async function lastLook(
	tasks: readonly Task[],
	timeoutAt: number,
	read?: ReadTask,
	signal?: AbortSignal,
): Promise<void> {
	const unread = openOf(tasks).filter(({ readAt }) => readAt < timeoutAt);
	const accountOf = ({ client }: Task) => client?.account;
	const ofEachAccount = [...new Set(unread.map(accountOf))].map(async (account) => {
		const ofOne = unread.filter((task) => accountOf(task) === account);
		await lastLookOf(ofOne, read, signal);
	});
	await Promise.all(ofEachAccount);
}

async function lastLookOf(
	tasks: readonly Task[],
	read?: ReadTask,
	signal?: AbortSignal,
): Promise<void> {
	let answeredAt = Date.now();
	const leftMs = () => answeredAt + SILENCE_MS - Date.now();
	const lookAt = async (task: Task) => {
		for (let faults = 1; leftMs() > 0; ) {
			await task.look(leftMs(), read);
			if (task.failure === null || task.isOver) {
				answeredAt = Date.now();
				return;
			}
			const { detail } = task.failure;
			const gap = pauseMs(AFTER_FAULT, faults, detail.retryAfterMs);
			if (gap >= leftMs()) return;
			await pause(gap, signal);
			// Waiting for its turn does not count as a fault.
			if (detail.kind !== 'paused' && !isRateLimit(detail)) faults += 1;
		}
	};
	const begun: Array<Promise<void>> = [];
	await mapConcurrently(tasks, READ_CONCURRENCY, async (task) => {
		const looking = lookAt(task);
		begun.push(looking);
		await within(PLACE_MS, looking, undefined);
	});
	await Promise.all(begun);
}
