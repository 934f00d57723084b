import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { NO_LIMIT } from '../money/budget';
import { CONCURRENCY, DEFAULT_CONCURRENCY } from '../operations/parameters';
import { DEFAULT_POLL_INTERVAL_SECONDS, MIN_POLL_INTERVAL_SECONDS } from '../waiting/poll';
import { downloadVideo, outputBinaryField } from './download';
import { CREATING, OPERATIONS, READING, WAITING } from './operations';

function throwOnFailure(show: NonNullable<IDisplayOptions['show']>): INodeProperties {
	return {
		displayName: 'Throw on Failure',
		name: 'throwOnFailure',
		type: 'boolean',
		default: false,
		description:
			'Whether to stop the workflow when a video failed, instead of passing on an item with the status “failed”',
		displayOptions: { show },
	};
}

export const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	displayOptions: { hide: { operation: [OPERATIONS.getCredits] } },
	options: [
		{
			displayName: 'Check Balance',
			name: 'checkBalance',
			type: 'boolean',
			default: false,
			description:
				'Whether to read the balance first and spend nothing when it is too low for all items',
			displayOptions: { show: { '/operation': CREATING } },
		},
		{
			displayName: 'Check Images',
			name: 'checkImages',
			type: 'boolean',
			default: false,
			description:
				'Whether to look at each image address first and spend nothing when one is missing, too large or no picture',
			displayOptions: { show: { '/operation': CREATING, '/imageSource': ['url'] } },
		},
		{
			displayName: 'Concurrency',
			name: 'concurrency',
			type: 'number',
			typeOptions: { minValue: CONCURRENCY.min, maxValue: CONCURRENCY.max },
			default: DEFAULT_CONCURRENCY,
			description: 'How many tasks may be created at the same time when there are many items',
			displayOptions: { show: { '/operation': CREATING } },
		},
		downloadVideo({ '/operation': READING }),
		{
			displayName: 'Max Credits',
			name: 'maxCredits',
			type: 'number',
			typeOptions: { minValue: NO_LIMIT },
			default: 0,
			description:
				'The most credits that one run of this node may spend on all items together. Nothing is spent when the estimate is higher. 0 means no limit.',
			displayOptions: { show: { '/operation': CREATING } },
		},
		{
			displayName: 'Poll Interval (Seconds)',
			name: 'pollInterval',
			type: 'number',
			typeOptions: { minValue: MIN_POLL_INTERVAL_SECONDS },
			default: DEFAULT_POLL_INTERVAL_SECONDS,
			description: 'How long to pause before reading the task again. The pauses grow by and by.',
			displayOptions: { show: { '/operation': WAITING } },
		},
		outputBinaryField({ '/operation': READING }),
		throwOnFailure({ '/operation': [OPERATIONS.getTask] }),
		throwOnFailure({ '/operation': WAITING, '/waitStrategy': ['poll'] }),
	],
};
