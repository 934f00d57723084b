import type { IDataObject } from 'n8n-workflow';

import { type ApiTask, apiTaskSchema, MODEL, STATUS } from '../api/schemas';
import type { RequestSummary } from '../api/task';

export interface TaskFailure {
	code: string;
	message: string;
}

/**
 * A task as workflows see it: the same keys everywhere, null where there is nothing yet, and the
 * most useful first.
 */
export interface SimplifiedTask {
	taskId: string;
	status: string;
	videoUrl: string | null;
	/**
	 * Why there is no video. Never named `error`: n8n takes a first item that has this key for a
	 * failed run, and runs the node again when *Retry On Fail* is on.
	 */
	failure: TaskFailure | null;
	generationSeconds: number | null;
	/** ISO 8601. */
	createdAt: string | null;
	/** ISO 8601. */
	completedAt: string | null;
	videoUrls: string[];
	progress: number | string | null;
	model: string | null;
}

/** What an item says besides the task itself. */
export interface TaskExtras {
	/** Only from waits. */
	timedOut?: boolean;
	request?: RequestSummary | null;
	/** Only from the trigger: what Create was told to have given back, unverified. */
	reference?: string | null;
}

const NO_VIDEO = 'no_video';

/**
 * Whether the credits of a task without a video were given back: the API does so when a task fails
 * (API docs), and to the API a task without a video address has completed.
 */
export function isRefunded({ code }: TaskFailure): boolean {
	return code !== NO_VIDEO;
}

/** The API's task as the workflow's item. Pure; the contract's “simplified task”. */
export function simplifyTask(task: ApiTask): SimplifiedTask {
	const videoUrls = task.output?.urls ?? [];
	const withoutVideo = task.status === STATUS.completed && videoUrls.length === 0;
	return {
		taskId: task.id,
		status: withoutVideo ? STATUS.failed : task.status,
		videoUrl: videoUrls[0] ?? null,
		failure: withoutVideo
			? { code: NO_VIDEO, message: 'The task completed without any video address' }
			: reasonOf(task),
		generationSeconds:
			task.created_at === null || task.completed_at === null
				? null
				: task.completed_at - task.created_at,
		createdAt: toIso(task.created_at),
		completedAt: toIso(task.completed_at),
		videoUrls,
		progress: task.progress,
		model: task.model,
	};
}

function reasonOf(task: ApiTask): TaskFailure | null {
	if (task.status !== STATUS.failed) return null;
	return task.error ?? { code: 'unknown', message: 'No reason was given' };
}

/** A task that is known by its id alone: just created, or never read so far. */
export function newTask(id: string): SimplifiedTask {
	return simplifyTask(apiTaskSchema.parse({ id, status: STATUS.pending, model: MODEL }));
}

/** The item of a simplified task, its keys in the contract's order. */
export function simplifiedToJson(
	{ taskId, status, videoUrl, failure, ...details }: SimplifiedTask,
	{ timedOut, request, reference }: TaskExtras = {},
): IDataObject {
	return {
		taskId,
		status,
		videoUrl,
		failure,
		...(timedOut === undefined ? {} : { timedOut }),
		...request,
		...details,
		...(reference === undefined ? {} : { reference }),
	};
}

function toIso(unixSeconds: number | null): string | null {
	if (unixSeconds === null) return null;
	const date = new Date(unixSeconds * 1000);
	return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
