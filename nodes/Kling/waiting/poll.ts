import { pauseMs } from '../api/retry';
import type { Task } from '../api/task';
import { pause } from '../n8n/async';
import { lastLook, look, openOf, readEach } from './look';
import type { RunWait } from './settings';

/** The pauses between looks grow from the poll interval on, to a minute where that is longer. */
const GROWTH = 1.25;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Reads all tasks once, then looks with pauses between, until they are over or the time is. No failed
 * reading ends the wait, and an API that hangs does some seconds after its time.
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
	const isStopped = () => stopsAtRefusal && tasks.some(({ isOver, isEnded }) => isOver && !isEnded);
	const longestMs = Math.max(intervalMs, LONGEST_PAUSE_MS);
	const growth = { firstMs: intervalMs, factor: GROWTH, longestMs };
	await readEach(tasks, timeoutMs, async (task, leftMs) => await task.look(leftMs));
	let open = openOf(tasks);
	for (let round = 1; open.length > 0 && leftMs() > 0; round++) {
		if (isStopped()) return;
		const asked = open.map(({ failure }) => failure?.detail.retryAfterMs ?? 0);
		const gap = pauseMs(growth, round, Math.max(...asked));
		await pause(Math.min(gap, leftMs()), signal);
		if (leftMs() <= 0) break;
		const found = await look(tasks, { withinMs: leftMs() });
		open = found === null ? [] : [found];
	}
	await lastLook(tasks, endsAt, undefined, signal);
}
