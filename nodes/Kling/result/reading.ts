import { isFinished, STATUS, type TaskReading } from '../api/schemas';
import { ApiFailure, Failure } from '../api/failure';
import type { Task } from '../api/task';
import type { ResultSettings } from '../parameters/result';
import { type DownloadContext, downloadVideos } from './download';
import { type ItemOutcome, VideoFailed } from './item';
import { newTask, simplifiedToJson, simplifyTask, type TaskExtras } from './task';

interface ReadingOptions extends ResultSettings {
	extras?: TaskExtras;
	/** Whether a task that ended without a video is an error of its item. */
	failsItem: boolean;
	signal?: AbortSignal;
	/** When the files must be there, in milliseconds since 1970. */
	deadlineAt?: number;
	/** False where nobody but the caller says that the addresses are right. */
	mayDownload?: boolean;
}

/** The item for a task that was read, or its failure where the user asked for one. */
export async function readingToOutcome(
	context: DownloadContext,
	reading: TaskReading,
	options: ReadingOptions,
): Promise<ItemOutcome> {
	const { simplify, extras, failsItem, downloadField, signal, deadlineAt } = options;
	const task = simplifyTask(reading.task);
	if (failsItem && task.status === STATUS.failed) return new VideoFailed(task);
	const json = simplify ? simplifiedToJson(task, extras) : structuredClone(reading.raw);
	const result = { json, task, timedOut: extras?.timedOut };
	if (downloadField === null) return result;
	if (options.mayDownload === false)
		return { ...result, json: { ...json, downloadError: UNVERIFIED } };

	const { binary, error } = await downloadVideos(context, {
		taskId: task.taskId,
		urls: isFinished(reading.task) ? task.videoUrls : [],
		field: downloadField,
		signal,
		deadlineAt,
	});
	// The API's own object stays untouched, unless there is something the user must know.
	const said = simplify || error !== null ? { downloadError: error } : {};
	return { ...result, json: { ...json, ...said }, binary };
}

/** The item for a task that was just created. */
export function createdOutcome({ id, reading, request, note }: Task): ItemOutcome {
	const task = reading === null ? newTask(id) : simplifyTask(reading.task);
	return { json: simplifiedToJson(task, { request }), task, note };
}

/** The item for a task at the end of a wait. */
export async function waitedOutcome(
	context: DownloadContext,
	{ id, reading, failure, isOver, request, note }: Task,
	options: Omit<ReadingOptions, 'extras'>,
): Promise<ItemOutcome> {
	if (isOver && failure instanceof ApiFailure) return failure.about(id);
	const timedOut = !isOver;
	if (reading === null) {
		const task = newTask(id);
		const json = simplifiedToJson(task, { request, timedOut });
		const said = options.downloadField === null ? {} : { downloadError: null };
		return { json: { ...json, ...said }, task, timedOut, note };
	}
	const extras = { timedOut, request };
	const outcome = await readingToOutcome(context, reading, { ...options, extras });
	return outcome instanceof Failure ? outcome : { ...outcome, note };
}

const UNVERIFIED =
	'nothing is downloaded while Verify Task is off, since only the caller says where the file is';
