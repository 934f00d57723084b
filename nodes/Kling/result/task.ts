import { type ApiTask, STATUS } from '../api/schemas';
import type { RequestSummary } from '../api/task';

export type TaskFailure = NonNullable<ApiTask['error']>;

/** What an item says besides the task itself. */
export interface TaskExtras {
	/** Only from waits. */
	timedOut?: boolean;
	request?: RequestSummary | null;
	/** Only from the trigger: what Create was told to have given back, unverified. */
	reference?: string | null;
}

const NO_VIDEO = { code: 'no_video', message: 'The task completed without any video address' };

/** Whether the credits were given back: only for what failed at the API (API docs), which “no video” has not. */
export function isRefunded({ code }: TaskFailure): boolean {
	return code !== NO_VIDEO.code;
}

/** A task as workflows see it: the same keys everywhere, null where there is nothing yet, the most useful first. */
export function simplifyTask(task: ApiTask, { timedOut, request, reference }: TaskExtras = {}) {
	const { created_at, completed_at } = task;
	const videoUrls = task.output?.urls ?? [];
	const failure = reasonOf(task);
	return {
		taskId: task.id,
		status: failure === null ? task.status : STATUS.failed,
		videoUrl: videoUrls[0] ?? null,
		// Never named `error`: n8n takes a first item that has this key for a failed run, and runs the
		// node again when *Retry On Fail* is on.
		failure,
		...(timedOut !== undefined && { timedOut }),
		...request,
		generationSeconds:
			created_at === null || completed_at === null ? null : completed_at - created_at,
		createdAt: toIso(created_at),
		completedAt: toIso(completed_at),
		videoUrls,
		progress: task.progress,
		model: task.model,
		...(reference !== undefined && { reference }),
	};
}

export type SimplifiedTask = ReturnType<typeof simplifyTask>;

/** Why a task ended without a video; null where it did not. */
function reasonOf({ status, output, error }: ApiTask): TaskFailure | null {
	const hasVideo = output !== null && output.urls.length > 0;
	if (status === STATUS.completed) return hasVideo ? null : { ...NO_VIDEO };
	if (status !== STATUS.failed) return null;
	return error ?? { code: 'unknown', message: 'No reason was given' };
}

/** ISO 8601; null for what is no date. */
function toIso(unixSeconds: number | null): string | null {
	const date = new Date((unixSeconds ?? Number.NaN) * 1000);
	return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
