import pLimit from 'p-limit';
import { z } from 'zod';

import { startEmulator, type EmulatedTask } from '../../emulator';
import { packPackage } from '../n8n/package';
import { stageOn, until, type Stage } from '../n8n/stage';
import { useOpened } from '../n8n/useStage';
import { startCluster, type Cluster, type ClusterOptions } from './cluster';

/** A distributed n8n with the packed package, and the emulated API it speaks to. */
export interface QueueStage extends Stage {
	readonly n8n: Cluster;
}

/** Starts both, with videos that finish when told to. Call `stop()` whatever happens. */
export async function openQueueStage(options: ClusterOptions = {}): Promise<QueueStage> {
	const emulator = await startEmulator({ paceMs: Infinity, callbackTimeoutMs: 60_000 });
	try {
		const n8n = await startCluster({ tarball: await packPackage(), ...options });
		return { ...(await stageOn(emulator, n8n)), n8n };
	} catch (error) {
		await emulator.stop();
		throw error;
	}
}

/** A distributed stage for all tests of a file: see `useOpened`. */
export function useQueueStage(options?: ClusterOptions): QueueStage {
	return useOpened(async () => await openQueueStage(options));
}

/** Works on each of a list, so many at once. */
export async function inParallel<T>(
	list: readonly T[],
	atOnce: number,
	work: (item: T, index: number) => Promise<void>,
): Promise<void> {
	const limit = pLimit(atOnce);
	await Promise.all(
		list.map(async (item, index) => await limit(async () => await work(item, index))),
	);
}

/** Calls a webhook so often, some calls at once. */
export async function callOften(
	url: string,
	times: number,
	body: (index: number) => unknown = () => ({}),
): Promise<void> {
	const calls = Array.from({ length: times }, (_, index) => index);
	await inParallel(calls, 5, async (index) => {
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body(index)),
		});
		if (!response.ok) throw new Error(`The webhook answered ${response.status}`);
	});
}

/** Waits until so many executions of a workflow sleep, which is all that there are. */
export async function untilAllSleep(stage: Stage, workflowId: string, count: number) {
	await until(async () => {
		const listed = await stage.n8n.api.listExecutions(workflowId);
		const asleep = listed.filter(({ status }) => status === 'waiting');
		return asleep.length === count || undefined;
	});
}

/** The HTTP statuses that a task's callbacks got; `null` where nobody answered. */
export function callbackStatuses(task: EmulatedTask): Array<number | null> {
	return task.callbacks.map(({ status }) => status);
}

/** The task that a node's first item names. */
export function taskIdOf(item: { json: Record<string, unknown> } | undefined): string {
	return z.string().parse(item?.json.taskId);
}
