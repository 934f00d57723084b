import { NodeApiError } from 'n8n-workflow';

import type { TaskReading } from '../api/schemas';
import type { ResultSettings } from '../parameters/result';
import type { DownloadContext } from './download';
import { downloadVideos } from './download';
import type { ItemOutcome } from './item';
import type { TaskExtras } from './task';
import {
	describeUnsuccessful,
	isFinished,
	isRefunded,
	isUnsuccessful,
	simplifyTask,
	taskToJson,
} from './task';

export interface ReadingOptions extends ResultSettings {
	/** Added to a simplified task. */
	extras?: TaskExtras;
	/** Whether a task that ended without a video is an error of its item. */
	failsItem: boolean;
	/** Fires when the execution is cancelled. */
	signal?: AbortSignal;
}

/** The item for a task that was read, or an item error where the user asked for one. */
export async function readingToOutcome(
	context: DownloadContext,
	itemIndex: number,
	reading: TaskReading,
	{ simplify, extras, failsItem, downloadField, signal }: ReadingOptions,
): Promise<ItemOutcome> {
	if (failsItem && isUnsuccessful(reading.task)) {
		return unsuccessfulOutcome(context, itemIndex, reading);
	}
	const json = taskToJson(reading, simplify, extras);
	const { taskId, videoUrl, videoUrls, failure } = simplifyTask(reading.task);
	const outcome = { ok: true, json, videoUrl, failure, timedOut: extras?.timedOut } as const;
	if (downloadField === null) return outcome;

	const { binary, error } = await downloadVideos(context, {
		taskId,
		urls: isFinished(reading.task) ? videoUrls : [],
		field: downloadField,
		signal,
	});
	// The API's own object stays untouched, unless there is something the user must know.
	const said = simplify || error !== null ? { downloadError: error } : {};
	return { ...outcome, json: { ...json, ...said }, binary };
}

/** A task that ended without a video, as an item error that names the task and the cause. */
function unsuccessfulOutcome(
	context: DownloadContext,
	itemIndex: number,
	reading: TaskReading,
): ItemOutcome {
	const { taskId, failure } = simplifyTask(reading.task);
	const refunded = failure === null || isRefunded(failure);
	const error = new NodeApiError(
		context.getNode(),
		{ message: reading.task.error?.message ?? '' },
		{
			message: describeUnsuccessful(reading.task),
			description: refunded
				? 'The credits of a task that failed are given back automatically. Change the prompt or the image, or create it again later.'
				: 'The API calls this task completed, so its credits may not have been given back. Use Get Video with its task ID later, before paying for it once more.',
			itemIndex,
		},
	);
	return { ok: false, error, taskId, failure };
}
