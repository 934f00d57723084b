import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import type { TaskReading } from '../api/client';
import type { ItemError, ItemOutcome } from '../items';
import { describeUnsuccessful, isUnsuccessful, taskToJson } from '../task/task';
import { readOptions, readSimplify } from './parameters';

/** The item for a task that was read, or an item error where the user asked for one. */
export function readingToOutcome(
	context: IExecuteFunctions,
	itemIndex: number,
	reading: TaskReading,
	extras: IDataObject = {},
): ItemOutcome {
	const unsuccessful = isUnsuccessful(reading.task);
	if (unsuccessful && readOptions(context, itemIndex).throwOnFailure === true) {
		return unsuccessfulOutcome(context, itemIndex, reading);
	}
	const simplify = readSimplify(context, itemIndex);
	return { ok: true, json: { ...taskToJson(reading, simplify), ...(simplify ? extras : {}) } };
}

/** A task that ended without a video, as an item error that names the task and the cause. */
export function unsuccessfulOutcome(
	context: Pick<IExecuteFunctions, 'getNode'>,
	itemIndex: number,
	reading: TaskReading,
): ItemOutcome {
	const error: ItemError = new NodeApiError(
		context.getNode(),
		{ message: reading.task.error?.message ?? '' },
		{
			message: describeUnsuccessful(reading.task),
			description:
				'The credits of a task that failed are given back automatically. Change the prompt or the image, or create it again later.',
			itemIndex,
		},
	);
	return { ok: false, error, taskId: reading.task.id };
}

/** Whether tasks that ended without a video leave by the node's error output. */
export function hasErrorOutput(context: Pick<IExecuteFunctions, 'getNode'>): boolean {
	return context.getNode().onError === 'continueErrorOutput';
}
