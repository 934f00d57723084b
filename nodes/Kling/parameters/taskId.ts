import type { INodeProperties } from 'n8n-workflow';

import { isHttpUrl } from '../api/address';
import { Failure, Refusal, type Settled } from '../api/failure';
import { isTaskId, taskIdsIn } from '../api/schemas';
import { filledByModel } from './panel';
import { quote, toText } from './readers';
import type { Settings } from './settings';

export const taskIdField: INodeProperties = {
	displayName: 'Task ID',
	name: 'taskId',
	type: 'string',
	required: true,
	default: '={{ $json.taskId }}',
	placeholder: 'e.g. 3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d',
	description: 'The task to look at, as Create Video gives it',
	displayOptions: { show: { operation: ['getTask', 'wait'] } },
};

export const taskIdFields = filledByModel(
	taskIdField,
	'The taskId that creating the video gave, a UUID',
);

/** A task id in lower case: given as such, or within an address, as in that of a callback or video. */
export function readTaskId(settings: Settings): Settled<string> {
	return settings.read(taskIdField, toTaskId);
}

/** The task of an item that may be wrong in other ways; null where it names none. */
export function namedTask(settings: Settings): string | null {
	const taskId = readTaskId(settings);
	return taskId instanceof Failure ? null : taskId;
}

function toTaskId(value: unknown): Settled<string> {
	const given = toText(
		value,
		'Create Video gives it as “taskId”, but not in a dry run. Check that the items that come in here have it.',
	);
	if (given instanceof Failure) return given;
	const text = given.trim();
	if (isTaskId(text)) return text.toLowerCase();
	const [taskId, ...others] = isHttpUrl(text) ? taskIdsIn(text) : [];
	if (taskId !== undefined && others.length === 0) return taskId;
	const shown = quote(text);
	return new Refusal(
		taskId === undefined ? `is ${shown}, not a task ID` : `holds several IDs: ${shown}`,
		'It looks like 3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d. Create Video gives it as “taskId”.',
	);
}
