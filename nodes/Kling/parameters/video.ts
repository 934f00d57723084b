import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { DURATIONS_SECONDS } from '../api/pricing';
import { CREATING } from './operation';
import { Invalid, ofLength, toBoolean, toChoice, toText } from './readers';
import { collect, type Settings } from './settings';
import { filledByModel } from './tool';

/** The longest prompt, in Unicode code points (API docs). */
const MAX_PROMPT_LENGTH = 2_500;

const forCreating: IDisplayOptions = { show: { operation: CREATING } };

const promptField: INodeProperties = {
	displayName: 'Prompt',
	name: 'prompt',
	type: 'string',
	typeOptions: { rows: 4 },
	required: true,
	default: '',
	placeholder: 'e.g. The cat turns its head and blinks slowly, soft morning light',
	description: `What should happen in the video, in at most ${MAX_PROMPT_LENGTH.toLocaleString('en-US')} characters`,
	displayOptions: forCreating,
};

export const promptFields = filledByModel(
	promptField,
	'What should happen in the video: how the picture moves, in a sentence or two',
);

export const durationField: INodeProperties = {
	displayName: 'Duration',
	name: 'duration',
	type: 'options',
	options: DURATIONS_SECONDS.map((seconds) => ({ name: `${seconds} Seconds`, value: seconds })),
	default: 5,
	description: 'How long the video is',
	displayOptions: forCreating,
};

export const soundField: INodeProperties = {
	displayName: 'Sound',
	name: 'sound',
	type: 'boolean',
	default: false,
	description: 'Whether the video has sound. This doubles the price.',
	displayOptions: forCreating,
};

export function readVideo(settings: Settings) {
	return collect({
		prompt: settings.read(promptField, toPrompt),
		duration: settings.read(durationField, (value) => toChoice(value, DURATIONS_SECONDS)),
		sound: settings.read(soundField, toBoolean),
	});
}

function toPrompt(value: unknown): string | Invalid {
	const prompt = toText(value, 'Describe what should happen in the video.');
	if (prompt instanceof Invalid) return prompt;
	return ofLength(MAX_PROMPT_LENGTH, prompt, 'Shorten the prompt.');
}
