import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import type { TaskReading } from '../api/client';
import type { ItemOutcome } from '../items';
import { describeUnsuccessful, isUnsuccessful, taskToJson } from '../task/task';

export interface ResultOptions {
	/** The contract's simplified task rather than the API's own object. */
	simplify: boolean;
	/** Added to a simplified task. */
	extras?: IDataObject;
	/** Whether a task that ended without a video is an error of its item. */
	failsItem: boolean;
}

/** The item for a task that was read, or an item error where the user asked for one. */
export function readingToOutcome(
	context: Pick<IExecuteFunctions, 'getNode'>,
	itemIndex: number,
	reading: TaskReading,
	{ simplify, extras = {}, failsItem }: ResultOptions,
): ItemOutcome {
	if (failsItem && isUnsuccessful(reading.task)) {
		return unsuccessfulOutcome(context, itemIndex, reading);
	}
	return { ok: true, json: { ...taskToJson(reading, simplify), ...(simplify ? extras : {}) } };
}

/** A task that ended without a video, as an item error that names the task and the cause. */
function unsuccessfulOutcome(
	context: Pick<IExecuteFunctions, 'getNode'>,
	itemIndex: number,
	reading: TaskReading,
): ItemOutcome {
	const error = new NodeApiError(
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
