import { apiTaskSchema, isFinished, MODEL, STATUS, type TaskReading } from '../api/schemas';
import { Failure } from '../api/failure';
import type { Task } from '../api/task';
import type { ResultSettings } from '../parameters/result';
import { type DownloadContext, downloadVideos, type DownloadLimits } from './download';
import { type ItemOutcome, VideoFailed } from './item';
import { simplifyTask, type TaskExtras } from './task';

interface ReadingOptions extends ResultSettings, DownloadLimits {
	/** Whether a task that ended without a video is an error of its item. */
	failsItem: boolean;
	/** False where nobody but the caller says that the addresses are right. */
	mayDownload?: boolean;
}

/** The item for a task that was read, or its failure where the user asked for one. */
export async function readingToOutcome(
	context: DownloadContext,
	reading: TaskReading,
	{ simplify, failsItem, downloadField, mayDownload = true, ...limits }: ReadingOptions,
	extras?: TaskExtras,
): Promise<ItemOutcome> {
	const task = simplifyTask(reading.task, extras);
	const { taskId, failure, videoUrls } = task;
	if (failsItem && failure !== null) return new VideoFailed(taskId, failure);
	const json = simplify ? task : structuredClone(reading.raw);
	if (downloadField === null) return { json, task };
	if (!mayDownload) return { json: { ...json, downloadError: UNVERIFIED }, task };
	const urls = isFinished(reading.task) ? videoUrls : [];
	const videos = { taskId, urls, field: downloadField };
	const { binary, error } = await downloadVideos(context, videos, limits);
	// The API's own object stays untouched, unless there is something the user must know.
	const said = simplify || error !== null ? { downloadError: error } : {};
	return { json: { ...json, ...said }, task, binary };
}

const UNVERIFIED =
	'nothing is downloaded while Verify Task is off, since only the caller says where the file is';

/** The item for a task that was just created. */
export function createdOutcome({ id, reading, request, note }: Task): ItemOutcome {
	const task = simplifyTask((reading ?? unread(id)).task, { request });
	return { json: task, task, note };
}

/** The item for a task at the end of a wait. */
export async function waitedOutcome(
	context: DownloadContext,
	{ id, reading, failure, isOver, request, note }: Task,
	options: ReadingOptions,
): Promise<ItemOutcome> {
	if (isOver && failure !== null) return failure.about(id);
	const outcome = await readingToOutcome(
		context,
		reading ?? unread(id),
		// The API's own object may not be there yet.
		{ ...options, simplify: options.simplify || reading === null },
		{ timedOut: !isOver, request },
	);
	return outcome instanceof Failure ? outcome : { ...outcome, note };
}

/** What is known of a task that was never read. */
function unread(id: string): TaskReading {
	return { task: apiTaskSchema.parse({ id, status: STATUS.pending, model: MODEL }), raw: {} };
}
