import type { IDataObject } from 'n8n-workflow';

import type { ApiTask, TaskReading } from '../api/schemas';
import { MODEL, STATUS } from '../api/schemas';

export interface TaskError {
	code: string;
	message: string;
}

/** A task as workflows see it: the same keys everywhere, null where there is nothing yet. */
export interface SimplifiedTask {
	taskId: string;
	status: string;
	model: string | null;
	videoUrl: string | null;
	videoUrls: string[];
	progress: number | string | null;
	/** ISO 8601. */
	createdAt: string | null;
	/** ISO 8601. */
	completedAt: string | null;
	generationSeconds: number | null;
	error: TaskError | null;
}

export function isFinished(task: ApiTask): boolean {
	return task.status === STATUS.completed || task.status === STATUS.failed;
}

/** Whether the task ended without a video: failed, or completed without any address. */
export function isUnsuccessful(task: ApiTask): boolean {
	return simplifyTask(task).status === STATUS.failed;
}

/** The API's task as the workflow's item. Pure; the contract's “simplified task”. */
export function simplifyTask(task: ApiTask): SimplifiedTask {
	const videoUrls = task.output?.urls ?? [];
	const withoutVideo = task.status === STATUS.completed && videoUrls.length === 0;
	return {
		taskId: task.id,
		status: withoutVideo ? STATUS.failed : task.status,
		model: task.model,
		videoUrl: videoUrls[0] ?? null,
		videoUrls,
		progress: task.progress,
		createdAt: toIso(task.created_at),
		completedAt: toIso(task.completed_at),
		generationSeconds:
			task.created_at === null || task.completed_at === null
				? null
				: task.completed_at - task.created_at,
		error: withoutVideo
			? { code: 'no_video', message: 'The task completed without any video address' }
			: errorOf(task),
	};
}

function errorOf(task: ApiTask): TaskError | null {
	if (task.status !== STATUS.failed) return null;
	return task.error ?? { code: 'unknown', message: 'No reason was given' };
}

/** A task that is known by its id alone: just created, or never read so far. */
export function newTask(taskId: string): SimplifiedTask {
	return {
		taskId,
		status: STATUS.pending,
		model: MODEL,
		videoUrl: null,
		videoUrls: [],
		progress: null,
		createdAt: null,
		completedAt: null,
		generationSeconds: null,
		error: null,
	};
}

/** The item for a reading: simplified, or the API's own object untouched. */
export function taskToJson(reading: TaskReading, simplify: boolean): IDataObject {
	return simplify ? { ...simplifyTask(reading.task) } : structuredClone(reading.raw);
}

/** “Task 3f2a… did not produce a video: <cause> (<code>)”, for people. */
export function describeUnsuccessful(task: ApiTask): string {
	const { taskId, error } = simplifyTask(task);
	const cause = error?.message || 'no reason was given';
	return `Task ${taskId} did not produce a video: ${cause} (${error?.code ?? 'unknown'})`;
}

function toIso(unixSeconds: number | null): string | null {
	if (unixSeconds === null) return null;
	const date = new Date(unixSeconds * 1000);
	return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
