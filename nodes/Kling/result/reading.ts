import { apiTaskSchema, isFinished, MODEL, STATUS, type TaskReading } from '../api/schemas';
import { Failure } from '../api/failure';
import type { Task } from '../api/task';
import type { ResultSettings } from '../parameters/result';
import { type DownloadContext, downloadVideos, type DownloadLimits } from './download';
import { type ItemOutcome, VideoFailed } from './item';
import { simplifiedToJson, simplifyTask, type TaskExtras } from './task';

interface ReadingOptions extends ResultSettings, DownloadLimits {
	extras?: TaskExtras;
	/** Whether a task that ended without a video is an error of its item. */
	failsItem: boolean;
	/** False where nobody but the caller says that the addresses are right. */
	mayDownload?: boolean;
}

/** The item for a task that was read, or its failure where the user asked for one. */
export async function readingToOutcome(
	context: DownloadContext,
	reading: TaskReading,
	{ simplify, extras, failsItem, downloadField, mayDownload = true, ...limits }: ReadingOptions,
): Promise<ItemOutcome> {
	const task = simplifyTask(reading.task);
	if (failsItem && task.failure !== null) return new VideoFailed(task);
	const json = simplify ? simplifiedToJson(task, extras) : structuredClone(reading.raw);
	const result = { json, task, timedOut: extras?.timedOut };
	if (downloadField === null) return result;
	if (!mayDownload) return { ...result, json: { ...json, downloadError: UNVERIFIED } };
	const urls = isFinished(reading.task) ? task.videoUrls : [];
	const videos = { taskId: task.taskId, urls, field: downloadField };
	const { binary, error } = await downloadVideos(context, { ...videos, ...limits });
	// The API's own object stays untouched, unless there is something the user must know.
	const said = simplify || error !== null ? { downloadError: error } : {};
	return { ...result, json: { ...json, ...said }, binary };
}

const UNVERIFIED =
	'nothing is downloaded while Verify Task is off, since only the caller says where the file is';

/** The item for a task that was just created. */
export function createdOutcome({ id, reading, request, note }: Task): ItemOutcome {
	const task = simplifyTask((reading ?? unread(id)).task);
	return { json: simplifiedToJson(task, { request }), task, note };
}

/** The item for a task at the end of a wait. */
export async function waitedOutcome(
	context: DownloadContext,
	{ id, reading, failure, isOver, request, note }: Task,
	options: Omit<ReadingOptions, 'extras'>,
): Promise<ItemOutcome> {
	if (isOver && failure !== null) return failure.about(id);
	const outcome = await readingToOutcome(context, reading ?? unread(id), {
		...options,
		// The API's own object is not there yet.
		simplify: options.simplify || reading === null,
		extras: { timedOut: !isOver, request },
	});
	return outcome instanceof Failure ? outcome : { ...outcome, note };
}

/** What is known of a task that was never read. */
function unread(id: string): TaskReading {
	return { task: apiTaskSchema.parse({ id, status: STATUS.pending, model: MODEL }), raw: {} };
}
