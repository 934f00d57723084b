import type { INodeProperties } from 'n8n-workflow';

import { DEFAULT_TIMEOUT_MINUTES, TIMEOUT_MINUTES } from '../operations/parameters';
import { BY_TASK_ID, READING, WAITING } from './operations';

export const waitFields: INodeProperties[] = [
	{
		displayName: 'Task ID',
		name: 'taskId',
		type: 'string',
		required: true,
		default: '={{ $json.taskId }}',
		placeholder: 'e.g. 3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d',
		description: 'The task to look at, as Create gives it',
		displayOptions: { show: { operation: BY_TASK_ID } },
	},
	{
		displayName: 'Wait Strategy',
		name: 'waitStrategy',
		type: 'options',
		options: [
			{
				name: 'Automatic',
				value: 'auto',
				description: 'Sleeps where a callback wakes this execution, else looks at intervals',
			},
			{
				name: 'Callback',
				value: 'callback',
				description:
					'Sleeps in the database of n8n until the API calls back. Holds no worker and survives restarts.',
			},
			{
				name: 'Poll',
				value: 'poll',
				description: 'Stays running and looks at the task at intervals',
			},
		],
		default: 'auto',
		description: 'How to wait. With Callback, Create must have this execution as its callback.',
		// As a tool of an AI Agent the node always polls (waiting/strategy).
		displayOptions: { show: { operation: WAITING }, hide: { '@tool': [true] } },
	},
	{
		displayName: 'Timeout (Minutes)',
		name: 'timeout',
		type: 'number',
		typeOptions: { minValue: TIMEOUT_MINUTES.min, maxValue: TIMEOUT_MINUTES.max },
		default: DEFAULT_TIMEOUT_MINUTES,
		description:
			'How long to wait at most. Most videos take 1 to 15 minutes. After the timeout, the item is passed on with its task ID and “timedOut” set to true.',
		displayOptions: { show: { operation: WAITING } },
	},
	{
		displayName: 'Simplify',
		name: 'simplify',
		type: 'boolean',
		default: true,
		description: 'Whether to return a simplified version of the response instead of the raw data',
		displayOptions: { show: { operation: READING } },
	},
];
