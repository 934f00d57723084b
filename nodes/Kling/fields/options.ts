import type { INodeProperties } from 'n8n-workflow';

import { CONCURRENCY, DEFAULT_CONCURRENCY } from '../operations/parameters';
import { DEFAULT_POLL_INTERVAL_SECONDS, MIN_POLL_INTERVAL_SECONDS } from '../waiting/poll';
import { CREATING, OPERATIONS, READING, WAITING } from './operations';

export const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	displayOptions: { hide: { operation: [OPERATIONS.getCredits] } },
	options: [
		{
			displayName: 'Concurrency',
			name: 'concurrency',
			type: 'number',
			typeOptions: { minValue: CONCURRENCY.min, maxValue: CONCURRENCY.max },
			default: DEFAULT_CONCURRENCY,
			description: 'How many tasks may be created at the same time when there are many items',
			displayOptions: { show: { '/operation': CREATING } },
		},
		{
			displayName: 'Poll Interval',
			name: 'pollInterval',
			type: 'number',
			typeOptions: { minValue: MIN_POLL_INTERVAL_SECONDS },
			default: DEFAULT_POLL_INTERVAL_SECONDS,
			description:
				'How many seconds to wait before looking at the task again. The pauses grow by and by.',
			displayOptions: { show: { '/operation': WAITING } },
		},
		{
			displayName: 'Throw on Failure',
			name: 'throwOnFailure',
			type: 'boolean',
			default: false,
			description:
				'Whether to stop the workflow when a video failed, instead of passing on an item with the status “failed”',
			displayOptions: { show: { '/operation': READING } },
		},
	],
};
