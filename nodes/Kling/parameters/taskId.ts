import type { INodeProperties } from 'n8n-workflow';

import { isHttpUrl } from '../api/address';
import { isTaskId, taskIdsIn } from '../api/schemas';
import { BY_TASK_ID } from './operation';
import { quote } from './quote';
import { InvalidParameterError, type Settings, toText } from './read';

export const taskIdField: INodeProperties = {
	displayName: 'Task ID',
	name: 'taskId',
	type: 'string',
	required: true,
	default: '={{ $json.taskId }}',
	placeholder: 'e.g. 3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d',
	description: 'The task to look at, as Create Video gives it',
	displayOptions: { show: { operation: BY_TASK_ID } },
};

const LOOKS_LIKE =
	'It looks like 3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d. Create Video gives it as “taskId”.';

/**
 * A task id in lower case: given as such, or within an address, as in that of a callback or video.
 *
 * @throws {InvalidParameterError} when it is none, or an address that holds none or several
 */
export function readTaskId(settings: Settings): string {
	const given = settings.parameter(taskIdField);
	const text = toText(
		given,
		'Create Video gives it as “taskId”. Check that the items that come in here have it.',
	).trim();
	if (isTaskId(text)) return text.toLowerCase();
	const within = isHttpUrl(text) ? taskIdsIn(text) : [];
	const [taskId] = within;
	if (taskId !== undefined && within.length === 1) return taskId;
	const what =
		within.length > 1 ? `holds several IDs: ${quote(text)}` : `is ${quote(text)}, not a task ID`;
	throw new InvalidParameterError(given.parameter, what, LOOKS_LIKE);
}
