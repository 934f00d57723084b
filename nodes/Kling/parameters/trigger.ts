import type { INodeProperties } from 'n8n-workflow';

import { STATUS } from '../api/schemas';
import { notice } from './panel';
import { toBoolean, toChoices } from './readers';
import { readResult, resultFields } from './result';
import { collect, optionsField, type Settings } from './settings';

const EVENTS = [STATUS.completed, STATUS.failed];

const eventsField: INodeProperties = {
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
			description: 'A video failed',
		},
	],
	default: [...EVENTS],
	description: 'Which videos start the workflow',
};

const deduplicateOption: INodeProperties = {
	displayName: 'Once per Video',
	name: 'deduplicate',
	type: 'boolean',
	default: true,
	description: 'Whether to start only once for each video, however often it is reported',
};

const verifyTaskOption: INodeProperties = {
	displayName: 'Verify Task',
	name: 'verifyTask',
	type: 'boolean',
	default: true,
	description:
		'Whether to read each reported task back from the API and pass on that answer. Without it, anyone who knows the address can start this workflow with made-up data.',
};

export const triggerFields: INodeProperties[] = [
	notice(
		'registrationNotice',
		'Publish this workflow. Each Create Video in it then calls this trigger, unless a Wait for Video comes after it. In a Create Video of another workflow, set Callback to URL and Callback URL to the address of this workflow.',
	),
	// A Create Video cannot call the Test URL: n8n listens there for minutes, and a video may take longer.
	notice(
		'tryNotice',
		'To try it without paying for a video, copy the Test URL (under Webhook URLs, above), click Execute step, and open that address in a new browser tab with <code>?task=</code> and the task ID of a finished video behind it.',
	),
	eventsField,
	...resultFields(),
	{ ...optionsField, options: [deduplicateOption, verifyTaskOption] },
];

export function readTriggerSettings(settings: Settings) {
	return collect({
		events: settings.read(eventsField, (value) => toChoices(value, EVENTS)),
		result: readResult(settings),
		deduplicate: settings.option(deduplicateOption, toBoolean),
		verifyTask: settings.option(verifyTaskOption, toBoolean),
	});
}
