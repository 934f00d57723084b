import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { DURATIONS_SECONDS, type DurationSeconds } from '../api/pricing';
import { CREATING } from './operation';
import { InvalidParameterError, type Settings, toBoolean, toNumberOf, toText } from './read';

/** The longest prompt, in Unicode code points (API docs). */
export const MAX_PROMPT_LENGTH = 2_500;

const DEFAULT_DURATION: DurationSeconds = 5;

const forCreating: IDisplayOptions = { show: { operation: CREATING } };

export const promptField: INodeProperties = {
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

export const durationField: INodeProperties = {
	displayName: 'Duration',
	name: 'duration',
	type: 'options',
	options: DURATIONS_SECONDS.map((seconds) => ({ name: `${seconds} Seconds`, value: seconds })),
	default: DEFAULT_DURATION,
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

/** @throws {InvalidParameterError} when the prompt is no text, empty, or too long */
export function readPrompt(settings: Settings): string {
	const given = settings.parameter(promptField);
	const prompt = toText(given, 'Describe what should happen in the video.');
	const length = [...prompt].length;
	if (length <= MAX_PROMPT_LENGTH) return prompt;
	throw new InvalidParameterError(
		given.parameter,
		`has ${length} characters, and at most ${MAX_PROMPT_LENGTH} are allowed`,
		'Shorten the prompt.',
	);
}

/** @throws {InvalidParameterError} unless it is 5 or 10, as a number or as text */
export function readDuration(settings: Settings): DurationSeconds {
	return toNumberOf(settings.parameter(durationField), DURATIONS_SECONDS);
}

/** @throws {InvalidParameterError} unless it is true or false, as a boolean or as text */
export function readSound(settings: Settings): boolean {
	return toBoolean(settings.parameter(soundField));
}
