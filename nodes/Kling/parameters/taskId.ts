import type { INodeProperties } from 'n8n-workflow';

import { isTaskId } from '../api/schemas';
import { BY_TASK_ID } from './operation';
import { InvalidParameterError, quote, type Settings } from './read';

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

/** @throws {InvalidParameterError} unless it is a task id */
export function readTaskId(settings: Settings): string {
	const value = settings.get('taskId', '');
	if (value === undefined || value === null || value === '') {
		throw new InvalidParameterError(
			'Task ID',
			'it is empty',
			'Create Video gives it as “taskId”. Check that the items that come in here have it.',
		);
	}
	const text = typeof value === 'string' ? value.trim() : '';
	if (!isTaskId(text)) {
		throw new InvalidParameterError(
			'Task ID',
			`“${quote(value)}” is no task ID`,
			'It looks like 3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d. Create Video gives it as “taskId”.',
		);
	}
	return text;
}
