import type { INodeProperties } from 'n8n-workflow';
import { z } from 'zod';

import { STATUS } from '../api/schemas';
import type { Settings } from './read';
import {
	readResultSettings,
	type ResultSettings,
	triggerDownloadOptions,
	triggerSimplifyField,
} from './result';

export const triggerFields: INodeProperties[] = [
	{
		displayName:
			'Once this workflow is published, every Create Video in it calls this trigger by itself. In a Create Video of another workflow, set Callback to URL and Callback URL to the address of this workflow.',
		name: 'registrationNotice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Trigger On',
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
		default: [STATUS.completed, STATUS.failed],
		description: 'Which ends of a task start the workflow',
	},
	triggerSimplifyField,
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
			...triggerDownloadOptions,
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

/** What a Kling Trigger starts for, and how. */
export interface TriggerSettings {
	/** The statuses that start the workflow. */
	events: string[];
	verifyTask: boolean;
	deduplicate: boolean;
	result: ResultSettings;
}

const switchesSchema = z.object({ verifyTask: z.boolean(), deduplicate: z.boolean() });

const eventsSchema = z.array(z.string()).catch([]);

export function readTriggerSettings(settings: Settings): TriggerSettings {
	return {
		...switchesSchema.parse({
			verifyTask: settings.option('verifyTask', true),
			deduplicate: settings.option('deduplicate', true),
		}),
		events: eventsSchema.parse(settings.get('events', [])),
		result: readResultSettings(settings),
	};
}
