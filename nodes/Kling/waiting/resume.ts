import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import type { ApiClient, TaskReading } from '../api/client';
import { ApiFailure, failureAsValue } from '../api/failure';
import { parseCallbackBody } from '../callback/body';
import { accept, turnAway } from '../callback/response';
import { openCallbackClient } from '../callback/verify';
import { toItem } from '../items';
import { readingToOutcome } from '../operations/result';
import { isFinished, newTask } from '../task/task';
import type { SuspendedItem } from './suspend';
import { parseSuspended } from './suspend';

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
	const suspended = readSuspended(context);
	const body = parseCallbackBody(context.getBodyData());
	if (body === null) return turnAway(context, 400, 'This is no task');
	if (suspended === null) return turnAway(context, 409, 'This execution waits for no task');
	const awaited = suspended.flatMap((item) => ('taskId' in item ? [item.taskId] : []));
	if (!awaited.includes(body.task.id)) {
		return turnAway(context, 404, 'This execution does not wait for that task');
	}

	const client = await openCallbackClient(context);
	if (client === null) return turnAway(context, 503, 'The task cannot be read back');

	const readings = await readUntilUnfinished(client, [...new Set(awaited)]);
	if (readings instanceof ApiFailure) return turnAway(context, 503, 'The task cannot be read back');
	if (readings === null) return turnAway(context, 200, 'Not all tasks are finished yet');

	const executionId = context.getExecutionId();
	if (resuming.has(executionId)) return turnAway(context, 200, 'Resuming already');
	resuming.add(executionId);
	const items = async () => await toItems(context, suspended, readings);
	return await accept(context, 'Resumed', items).finally(() => resuming.delete(executionId));
}

function readSuspended(context: IWebhookFunctions): SuspendedItem[] | null {
	const name = JSON.stringify(context.getNode().name);
	return parseSuspended(context.evaluateExpression(`{{ $node[${name}].context }}`, 0));
}

/**
 * All tasks as they are now, or null as soon as one is found that is not finished. The last ones
 * are read first: they were created last, so they are the likeliest to be still under way.
 */
async function readUntilUnfinished(
	client: ApiClient,
	taskIds: readonly string[],
): Promise<Map<string, TaskReading> | ApiFailure | null> {
	const readings = new Map<string, TaskReading>();
	for (const taskId of taskIds.toReversed()) {
		const reading = await failureAsValue(client.getTask(taskId));
		if (reading instanceof ApiFailure) return reading;
		if (!isFinished(reading.task)) return null;
		readings.set(taskId, reading);
	}
	return readings;
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
	if (reading === undefined) return { json: { ...newTask(taskId), ...extras }, pairedItem };
	const outcome = await readingToOutcome(context, itemIndex, reading, {
		simplify,
		downloadField,
		extras: { ...extras, timedOut: false },
		failsItem: context.getNode().onError === 'continueErrorOutput',
	});
	return toItem(outcome, itemIndex);
}
