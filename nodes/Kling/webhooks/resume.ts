import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { ApiFailure } from '../api/failure';
import type { TaskReading } from '../api/schemas';
import { toItem } from '../result/item';
import { readingToOutcome } from '../result/reading';
import { isFinished, newTask, simplifiedToJson } from '../result/task';
import { readWhenAllFinished } from '../waiting/finished';
import type { SuspendedItem } from '../waiting/suspend';
import { parseSuspended } from '../waiting/suspend';
import { openCallbackClient, parseCallbackBody, respondAndStart, respondOnly } from './incoming';

/**
 * The executions that are about to resume while their videos are downloaded: until then n8n takes
 * them for suspended, and another callback would begin the same downloads.
 */
const resuming = new Set<string>();

/**
 * A callback for a suspended wait. It resumes the execution only after every task of the run was
 * read back as finished; whatever else arrives is answered and changes nothing.
 *
 * Nothing is ever thrown here: n8n would wipe the data of the run.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const verdict = await judge(context).catch(() => CANNOT_READ);
	if (!('suspended' in verdict)) return respondOnly(context, verdict.status, verdict.message);

	const { executionId, suspended, readings } = verdict;
	if (resuming.has(executionId)) return respondOnly(context, 200, 'Resuming already');
	resuming.add(executionId);
	const items = async () => await toItems(context, suspended, readings);
	return await respondAndStart(context, 'Resumed', items).finally(() =>
		resuming.delete(executionId),
	);
}

interface Refusal {
	status: number;
	message: string;
}

/** A suspended wait whose tasks are all finished. */
interface Complete {
	executionId: string;
	suspended: SuspendedItem[];
	readings: ReadonlyMap<string, TaskReading>;
}

const CANNOT_READ: Refusal = { status: 503, message: 'The task cannot be read back' };

/** What a callback is worth: it counts only by what the API says. */
async function judge(context: IWebhookFunctions): Promise<Refusal | Complete> {
	const body = parseCallbackBody(context.getBodyData());
	if (body === null) return { status: 400, message: 'This is no task' };
	const suspended = readSuspended(context);
	if (suspended === null) return { status: 409, message: 'This execution waits for no task' };
	const awaited = suspended.flatMap((item) => ('taskId' in item ? [item.taskId] : []));
	if (!awaited.includes(body.task.id)) {
		return { status: 404, message: 'This execution does not wait for that task' };
	}
	const client = await openCallbackClient(context);
	if (client === null) return CANNOT_READ;

	const executionId = context.getExecutionId();
	const known = finishedBefore(suspended);
	const open = [...new Set(awaited)].filter((taskId) => !known.has(taskId));
	const readings = await readWhenAllFinished(client, executionId, open);
	if (readings instanceof ApiFailure) return CANNOT_READ;
	if (readings === null) return { status: 200, message: 'Not all tasks are finished yet' };
	return { executionId, suspended, readings: new Map([...known, ...readings]) };
}

/** The tasks that were finished before the execution was suspended for the others. */
function finishedBefore(suspended: readonly SuspendedItem[]): Map<string, TaskReading> {
	const finished = new Map<string, TaskReading>();
	for (const item of suspended) {
		const reading = 'known' in item ? parseCallbackBody(item.known) : null;
		if (reading !== null && isFinished(reading.task)) finished.set(reading.task.id, reading);
	}
	return finished;
}

function readSuspended(context: IWebhookFunctions): SuspendedItem[] | null {
	const name = JSON.stringify(context.getNode().name);
	return parseSuspended(context.evaluateExpression(`{{ $node[${name}].context }}`, 0));
}

async function toItems(
	context: IWebhookFunctions,
	suspended: readonly SuspendedItem[],
	readings: ReadonlyMap<string, TaskReading>,
): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	for (const [itemIndex, item] of suspended.entries()) {
		items.push(await toResumedItem(context, itemIndex, item, readings));
	}
	return items;
}

async function toResumedItem(
	context: IWebhookFunctions,
	itemIndex: number,
	item: SuspendedItem,
	readings: ReadonlyMap<string, TaskReading>,
): Promise<INodeExecutionData> {
	const pairedItem = { item: itemIndex };
	if ('settled' in item) return { json: item.settled, binary: item.binary, pairedItem };
	const { taskId, extras, simplify, downloadField } = item;
	const reading = readings.get(taskId);
	if (reading === undefined) {
		return { json: simplifiedToJson(newTask(taskId), { request: extras }), pairedItem };
	}
	const outcome = await readingToOutcome(context, itemIndex, reading, {
		simplify,
		downloadField,
		extras: { timedOut: false, request: extras },
		failsItem: context.getNode().onError === 'continueErrorOutput',
	});
	return toItem(outcome, itemIndex);
}
