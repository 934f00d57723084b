import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import type { ApiClient, TaskReading } from '../api/client';
import { ApiFailure, failureAsValue } from '../api/failure';
import { parseCallbackBody } from '../callback/body';
import { answer } from '../callback/response';
import { openCallbackClient } from '../callback/verify';
import { toItem } from '../items';
import { readingToOutcome } from '../operations/result';
import { isFinished } from '../task/task';
import type { SuspendedItem } from './suspend';
import { parseSuspended } from './suspend';

/**
 * A callback for a suspended wait. It resumes the execution only after every task of the run was
 * read back as finished; whatever else arrives is answered and changes nothing.
 *
 * Nothing is ever thrown here: n8n would wipe the data of the run.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const suspended = readSuspended(context);
	const body = parseCallbackBody(context.getBodyData());
	if (body === null) return answer(context, 400, 'This is no task');
	if (suspended === null) return answer(context, 409, 'This execution waits for no task');
	const awaited = suspended.flatMap((item) => ('taskId' in item ? [item.taskId] : []));
	if (!awaited.includes(body.task.id)) {
		return answer(context, 404, 'This execution does not wait for that task');
	}

	const client = await openCallbackClient(context);
	if (client === null) return answer(context, 503, 'The task cannot be read back');

	const readings = await readUntilUnfinished(client, [...new Set(awaited)]);
	if (readings instanceof ApiFailure) return answer(context, 503, 'The task cannot be read back');
	if (readings === null) return answer(context, 200, 'Not all tasks are finished yet');
	return answer(context, 200, 'Resumed', toItems(context, suspended, readings));
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

function toItems(
	context: IWebhookFunctions,
	suspended: readonly SuspendedItem[],
	readings: ReadonlyMap<string, TaskReading>,
): INodeExecutionData[] {
	return suspended.map((item, itemIndex): INodeExecutionData => {
		if ('settled' in item) return { json: item.settled, pairedItem: { item: itemIndex } };
		const reading = readings.get(item.taskId);
		if (reading === undefined) return { json: {}, pairedItem: { item: itemIndex } };
		const outcome = readingToOutcome(context, itemIndex, reading, {
			simplify: item.simplify,
			extras: { ...item.extras, timedOut: false },
			failsItem: context.getNode().onError === 'continueErrorOutput',
		});
		return toItem(outcome, itemIndex);
	});
}
