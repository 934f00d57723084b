import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { ApiFailure } from '../api/failure';
import type { TaskReading } from '../api/schemas';
import { toTaskReading } from '../api/schemas';
import { mapConcurrently, within } from '../n8n/async';
import { readNodeContext } from '../n8n/execution';
import { noteListener } from '../n8n/ownAddress';
import { hasErrorOutput, toItem, toItemError } from '../result/item';
import { settleItem } from '../result/output';
import { readingToOutcome } from '../result/reading';
import { newTask, simplifiedToJson } from '../result/task';
import type { Readings, ReadTask } from '../waiting/readings';
import { isSettled, readingsOf, readOne, settleAll, unsettled } from '../waiting/readings';
import { FILES_MARGIN_MS, LAST_READING_MS } from '../waiting/schedule';
import type { SuspendedItem, SuspendedWait } from '../waiting/suspend';
import { finishedBefore, parseSuspended } from '../waiting/suspend';
import { forget, readerOf, readLast } from '../waiting/watch';
import {
	ANSWER_WITHIN_MS,
	readCallback,
	respondAndStart,
	respondNotNow,
	respondOnly,
} from './incoming';
import { NO_CREDENTIAL, readBack } from './readBack';

/**
 * The waits that were resumed a moment ago, and when: n8n takes an execution for suspended until its
 * files are there and the new run is stored, and another callback would begin all that again.
 */
const resumed = new Map<string, number>();

const REMEMBERED_MS = 60_000;

/**
 * A callback for a suspended wait. It resumes the execution only after every task of the run was
 * read back as finished, or the time is over; whatever else arrives is answered and changes nothing.
 *
 * Nothing is ever thrown here: n8n would wipe the data of the run.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	noteListener(context);
	const reported = readCallback(context);
	if (reported === null) return respondOnly(context, 400, 'This is no task');

	const verdict = await within(
		ANSWER_WITHIN_MS,
		judge(context, reported.task.id).catch(() => NOT_NOW),
		NOT_NOW,
	);
	if (verdict.kind === 'not now') return respondNotNow(context, reported, verdict.retryAfterMs);
	if (verdict.kind === 'refused') return respondOnly(context, verdict.status, verdict.message);

	const key = `${context.getExecutionId()}/${context.getNode().id}/${verdict.wait.runIndex}`;
	if (isResumed(key)) return respondOnly(context, 200, 'Resuming already');
	resumed.set(key, Date.now());
	try {
		return await respondAndStart(context, 'Resumed', async () => {
			const items = await toItems(context, verdict);
			forget(context.getExecutionId());
			return items;
		});
	} catch {
		// It sleeps on, for the next callback or look, rather than losing what the run has done.
		resumed.delete(key);
		return { noWebhookResponse: true };
	}
}

function isResumed(key: string): boolean {
	const oldest = Date.now() - REMEMBERED_MS;
	for (const [other, at] of resumed) if (at < oldest) resumed.delete(other);
	return resumed.has(key);
}

/** A wait that is over, and what is known of its tasks. */
interface Complete {
	kind: 'complete';
	wait: SuspendedWait;
	readings: Readings;
	read: ReadTask;
}

type Verdict =
	| { kind: 'refused'; status: number; message: string }
	| { kind: 'not now'; retryAfterMs: number | null }
	| Complete;

const NOT_NOW: Verdict = { kind: 'not now', retryAfterMs: null };

const NOT_ALL: Verdict = {
	kind: 'refused',
	status: 200,
	message: 'Not all tasks are finished yet',
};

/** What a callback is worth: it counts only by what the API says. */
async function judge(context: IWebhookFunctions, taskId: string): Promise<Verdict> {
	const wait = parseSuspended(readNodeContext(context));
	if (wait === null) {
		return { kind: 'refused', status: 409, message: 'This execution waits for no task' };
	}
	const awaited = tasksOf(wait);
	if (!awaited.includes(taskId)) {
		const message = 'This execution does not wait for that task';
		return { kind: 'refused', status: 404, message };
	}
	const executionId = context.getExecutionId();
	const readings = readingsOf(executionId, wait.netAt ?? Date.now() + REMEMBERED_MS);
	for (const [id, reading] of finishedBefore(wait))
		(readings.settled ??= new Map()).set(id, reading);
	const read = openReader(context);
	const complete: Complete = { kind: 'complete', wait, readings, read };
	if (isOver(wait)) return complete;

	const outcome = await readOne(readings, taskId, read);
	if (!isSettled(outcome)) return outcome instanceof ApiFailure ? notNow(outcome) : NOT_ALL;
	if (unsettled(readings, awaited).length === 0) return complete;
	// Where this process has suspended the execution, it knows what finished since, and looks itself.
	if (readerOf(executionId) !== null) return NOT_ALL;
	const all = await settleAll(readings, awaited, read);
	if (all instanceof ApiFailure) return notNow(all);
	return all === 'settled' ? complete : NOT_ALL;
}

function notNow({ detail }: ApiFailure): Verdict {
	return { kind: 'not now', retryAfterMs: detail.retryAfterMs };
}

function isOver({ timeoutAt }: SuspendedWait): boolean {
	return timeoutAt !== null && Date.now() >= timeoutAt;
}

function tasksOf({ items }: SuspendedWait): string[] {
	return [...new Set(items.flatMap((item) => ('taskId' in item ? [item.taskId] : [])))];
}

/**
 * How the tasks of this execution are read: by the process that suspended it where this is that one,
 * since it knows keys that n8n cannot resolve here; else, or where that key was replaced in the
 * meantime, with the node's credential as it is now.
 */
function openReader(context: IWebhookFunctions): ReadTask {
	const executionId = context.getExecutionId();
	const held = readerOf(executionId);
	return async (taskId) => {
		const outcome = await held?.(taskId);
		if (outcome !== undefined && !isKeyRefused(outcome)) return outcome;
		const own = await readBack(context, taskId);
		if (own !== NO_CREDENTIAL) return own;
		if (outcome !== undefined) return outcome;
		context.logger.warn(
			`The credential of “${context.getNode().name}” cannot be read while execution ${executionId} sleeps. Where it takes the key from the run's data, n8n can resolve it only in the process that ran the node.`,
		);
		return own;
	};
}

function isKeyRefused(outcome: TaskReading | ApiFailure): boolean {
	return outcome instanceof ApiFailure && [401, 403].includes(outcome.detail.status ?? 0);
}

/** How many items' videos are downloaded at once. */
const DOWNLOAD_CONCURRENCY = 3;

async function toItems(
	context: IWebhookFunctions,
	{ wait, readings, read }: Complete,
): Promise<INodeExecutionData[]> {
	const open = unsettled(readings, tasksOf(wait));
	if (open.length > 0 && readings.isLastDone !== true) {
		await within(LAST_READING_MS, readLast(readings, open, read), null).catch(() => null);
	}
	const items = await mapConcurrently(
		wait.items,
		DOWNLOAD_CONCURRENCY,
		async (item, itemIndex) => await toResumedItem(context, itemIndex, item, wait, readings),
	);
	return items.filter((item) => item !== undefined);
}

async function toResumedItem(
	context: IWebhookFunctions,
	itemIndex: number,
	item: SuspendedItem,
	{ netAt }: SuspendedWait,
	readings: Readings,
): Promise<INodeExecutionData> {
	if ('settled' in item) {
		return { json: item.settled, binary: item.binary, pairedItem: { item: itemIndex } };
	}
	const { taskId, extras, simplify, downloadField, known } = item;
	const settled = readings.settled?.get(taskId);
	const timedOut = settled === undefined;
	const outcome = await settleItem(
		context,
		itemIndex,
		async () => {
			if (settled instanceof ApiFailure) {
				return { ok: false, error: toItemError(context, settled, itemIndex, taskId), taskId };
			}
			const reading = settled ?? readings.atTimeout?.get(taskId) ?? toTaskReading(known);
			if (reading === null) {
				const json = simplifiedToJson(newTask(taskId), { timedOut, request: extras });
				return { ok: true, json };
			}
			const toOutcome = async (field: string | null) =>
				await readingToOutcome(context, itemIndex, reading, {
					simplify,
					downloadField: field,
					extras: { timedOut, request: extras },
					failsItem: hasErrorOutput(context),
				});
			if (downloadField === null || netAt === null) return await toOutcome(downloadField);
			const leftMs = Math.max(0, netAt - FILES_MARGIN_MS - Date.now());
			const withFile = await within(leftMs, toOutcome(downloadField), null);
			if (withFile !== null) return withFile;
			const without = await toOutcome(null);
			return without.ok
				? { ...without, json: { ...without.json, downloadError: TOO_LATE } }
				: without;
		},
		taskId,
	);
	return toItem(outcome, itemIndex, hasErrorOutput(context));
}

const TOO_LATE = 'the download took longer than n8n lets the execution sleep';
