import { ApiFailure } from '../api/failure';
import { isTransient } from '../api/retry';
import type { TaskReading } from '../api/schemas';
import { mapConcurrently } from '../n8n/async';
import { isFinished } from '../result/task';

/** Reading more at once would only meet the API's rate limit. */
export const READ_CONCURRENCY = 5;

const GROWTH = 1.25;
const LONGEST_INTERVAL_MS = 60_000;
const JITTER = 0.1;

/** How long the last readings may take once the time is over, in milliseconds. */
const LAST_READINGS_MS = 10_000;

/** The same for a wait that has no time at all, which is one look at each task. */
const ONLY_READINGS_MS = 60_000;

/** What is known about a task at the end of a wait. */
export interface PollResult {
	/** The last reading, null when none succeeded. */
	reading: TaskReading | null;
	timedOut: boolean;
	/** Why the task can never be read, or could not be read the last time. */
	failure: ApiFailure | null;
}

export interface PollOptions {
	/**
	 * The task, or why this reading did not succeed, or null when it took longer than `withinMs`
	 * milliseconds.
	 */
	read(taskId: string, withinMs: number): Promise<TaskReading | ApiFailure | null>;
	pause(ms: number): Promise<void>;
	now(): number;
	/** From 0 to 1: spreads the reads of workflows that started together. */
	random(): number;
	timeoutMs: number;
	intervalMs: number;
}

/** The wait before the given round (1 is the first after the start), in milliseconds. */
export function intervalBeforeRound(round: number, intervalMs: number, random: number): number {
	const longest = Math.max(intervalMs, LONGEST_INTERVAL_MS);
	const grown = Math.min(intervalMs * GROWTH ** (round - 1), longest);
	return Math.round(grown * (1 + JITTER * (2 * random - 1)));
}

/**
 * Reads every distinct task until it is finished, can never be read, or the time is over: one
 * shared loop, at growing intervals. A read that does not get through never ends the wait for its
 * task, since the video is paid for and may well be on its way. An API that hangs does not hold the
 * wait up: it ends some seconds after its time at the latest.
 *
 * @throws {CancelledError} when `pause` or `read` does, because the execution was cancelled
 */
export async function pollTasks(
	taskIds: readonly string[],
	options: PollOptions,
): Promise<Map<string, PollResult>> {
	const results = new Map<string, PollResult>(
		taskIds.map((taskId) => [taskId, { reading: null, timedOut: false, failure: null }]),
	);
	const open = new Set(results.keys());
	const deadline = options.now() + options.timeoutMs;
	const endAt = deadline + (options.timeoutMs > 0 ? LAST_READINGS_MS : ONLY_READINGS_MS);

	const readOne = async (taskId: string) => {
		const before = results.get(taskId)?.reading ?? null;
		const read = await options.read(taskId, endAt - options.now());
		if (read === null) return;
		if (read instanceof ApiFailure) {
			results.set(taskId, { reading: before, timedOut: false, failure: read });
			if (!isTransient(read.detail)) open.delete(taskId);
		} else {
			results.set(taskId, { reading: read, timedOut: false, failure: null });
			if (isFinished(read.task)) open.delete(taskId);
		}
	};

	for (let round = 1; ; round++) {
		await mapConcurrently([...open], READ_CONCURRENCY, readOne, () => options.now() < endAt);
		const remainingMs = deadline - options.now();
		if (open.size === 0 || remainingMs <= 0) break;
		const interval = intervalBeforeRound(round, options.intervalMs, options.random());
		await options.pause(Math.min(interval, remainingMs));
	}
	for (const taskId of open) {
		const { reading, failure } = results.get(taskId) ?? { reading: null, failure: null };
		results.set(taskId, { reading, timedOut: true, failure });
	}
	return results;
}
