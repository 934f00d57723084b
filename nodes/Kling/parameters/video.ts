import type { INodeProperties } from 'n8n-workflow';

import { DURATIONS_SECONDS, estimateCredits, formatCredits } from '../api/pricing';
import { CREATING } from './operation';
import { filledByModel, notice } from './panel';
import { ofLength, toBoolean, toChoice, toText } from './readers';
import { collect, type Settings } from './settings';

/** The longest prompt, in Unicode code points (API docs). */
const MAX_PROMPT_LENGTH = 2_500;

export const promptField: INodeProperties = {
	displayName: 'Prompt',
	name: 'prompt',
	type: 'string',
	typeOptions: { rows: 4 },
	required: true,
	default: '',
	placeholder: 'e.g. The cat turns its head and blinks slowly, soft morning light',
	description: `What should happen in the video, in at most ${MAX_PROMPT_LENGTH.toLocaleString('en-US')} characters`,
	displayOptions: { show: { operation: CREATING } },
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
	displayOptions: { show: { operation: CREATING } },
};

export const soundField: INodeProperties = {
	displayName: 'Sound',
	name: 'sound',
	type: 'boolean',
	default: false,
	description: 'Whether the video has sound. This doubles the price.',
	displayOptions: { show: { operation: CREATING } },
};

const SOUND_CHOICES = [false, true];

const PRICES = DURATIONS_SECONDS.map(
	(duration) =>
		`${duration} seconds ${estimateCredits(duration, false)}, with sound ${estimateCredits(duration, true)}`,
);

/**
 * The price, of which exactly one notice is in sight at any time. The editor puts in what an
 * expression gives before it looks at these conditions, and an empty text where it gives nothing.
 */
export const creditNotices: INodeProperties[] = [
	...DURATIONS_SECONDS.flatMap((duration, index) => [
		...SOUND_CHOICES.map((sound) =>
			notice(
				`credits${duration}${sound ? 'Sound' : 'Silent'}`,
				`Estimated price of each video: ${formatCredits(estimateCredits(duration, sound))}. Taken when it is created, given back if it fails.`,
				{ show: { operation: CREATING, duration: [duration], sound: [sound] } },
			),
		),
		notice(
			`credits${duration}`,
			`The price of each video depends on its sound. Estimated credits: ${PRICES[index]}.`,
			{ show: { operation: CREATING, duration: [duration] }, hide: { sound: SOUND_CHOICES } },
		),
	]),
	notice(
		'creditsByDuration',
		`The price of each video depends on its duration and sound. Estimated credits: ${PRICES.join('; ')}.`,
		{ show: { operation: CREATING }, hide: { duration: [...DURATIONS_SECONDS] } },
	),
];

export function readVideo(settings: Settings) {
	return collect({
		prompt: settings.read(promptField, (value) => {
			const prompt = toText(value, 'Describe what should happen in the video.');
			return ofLength(MAX_PROMPT_LENGTH, prompt, 'Shorten the prompt.');
		}),
		duration: settings.read(durationField, (value) => toChoice(value, DURATIONS_SECONDS)),
		sound: settings.read(soundField, toBoolean),
	});
}
