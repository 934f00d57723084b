import type { ApiClient } from '../api/client';
import { ApiFailure, failureAsValue } from '../api/failure';
import type { TaskReading } from '../api/schemas';
import { isFinished } from '../result/task';

/** How many finished tasks are remembered over all executions. */
const REMEMBERED = 2_000;

/** Tasks that were read back as finished, which is final, by execution and task. */
const finished = new Map<string, TaskReading>();

/** The last check that was begun for an execution. */
const checks = new Map<string, Promise<unknown>>();

function remember(key: string, reading: TaskReading): void {
	finished.set(key, reading);
	const oldest = finished.size > REMEMBERED ? finished.keys().next().value : undefined;
	if (oldest !== undefined) finished.delete(oldest);
}

/**
 * All tasks of a suspended execution, or null as soon as one is found that is not finished.
 *
 * Callbacks that arrive together are looked into one after the other, and what one of them has read
 * as finished serves the next: so a callback costs one reading, besides one for each task that has
 * finished since. The last tasks are read first: they were created last, so they are the likeliest
 * to be still under way.
 */
export async function readWhenAllFinished(
	client: ApiClient,
	executionId: string,
	taskIds: readonly string[],
): Promise<Map<string, TaskReading> | ApiFailure | null> {
	const previous = checks.get(executionId) ?? Promise.resolve();
	const check = previous.then(async () => await readAll(client, executionId, taskIds));
	const settled = check.catch(() => undefined);
	checks.set(executionId, settled);
	await settled;
	if (checks.get(executionId) === settled) checks.delete(executionId);
	return await check;
}

async function readAll(
	client: ApiClient,
	executionId: string,
	taskIds: readonly string[],
): Promise<Map<string, TaskReading> | ApiFailure | null> {
	const readings = new Map<string, TaskReading>();
	for (const taskId of taskIds.toReversed()) {
		const key = `${executionId}/${taskId}`;
		const reading = finished.get(key) ?? (await failureAsValue(client.getTask(taskId)));
		if (reading instanceof ApiFailure) return reading;
		if (!isFinished(reading.task)) return null;
		remember(key, reading);
		readings.set(taskId, reading);
	}
	return readings;
}
