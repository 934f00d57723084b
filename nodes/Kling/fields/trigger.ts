import type { INodeProperties } from 'n8n-workflow';

import { downloadVideo, outputBinaryField } from './download';
import { STATUS } from '../task/task';

export const triggerFields: INodeProperties[] = [
	{
		displayName:
			'Create operations in this workflow find this trigger by themselves once the workflow is published. Only for a Create in another workflow, set its Callback to URL and paste the Production URL from Webhook URLs above.',
		name: 'registrationNotice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Events',
		name: 'events',
		type: 'multiOptions',
		required: true,
		options: [
			{
				name: 'Completed',
				value: STATUS.completed,
				action: 'On video completed',
				description: 'A video is ready',
			},
			{
				name: 'Failed',
				value: STATUS.failed,
				action: 'On video failed',
				description: 'A task ended without a video. Its credits were given back.',
			},
		],
		default: ['completed', 'failed'],
		description: 'Which ends of a task start the workflow',
	},
	{
		displayName: 'Simplify',
		name: 'simplify',
		type: 'boolean',
		default: true,
		description: 'Whether to return a simplified version of the response instead of the raw data',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Deduplicate',
				name: 'deduplicate',
				type: 'boolean',
				default: true,
				description: 'Whether to start only once for each task, however often it is reported',
			},
			downloadVideo(),
			outputBinaryField(),
			{
				displayName: 'Verify Task',
				name: 'verifyTask',
				type: 'boolean',
				default: true,
				description:
					'Whether to read each reported task back from the API and pass on that answer. Without it, anyone who knows the address can start this workflow with made-up data.',
			},
		],
	},
];
