import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { DURATIONS_SECONDS, estimateCredits, formatCredits } from '../task/pricing';
import { MAX_PROMPT_LENGTH } from '../task/request';
import { CREATING, OPERATIONS } from './operations';

const forCreating: IDisplayOptions = { show: { operation: CREATING } };

// Not `startsWith`, which n8n 2.0 calls on numbers and booleans too, and breaks.
const SOUND_CHOICES = [false, true];

type Duration = (typeof DURATIONS_SECONDS)[number];

const prices = (duration: Duration) =>
	`${duration} seconds ${estimateCredits(duration, false)}, with sound ${estimateCredits(duration, true)}`;

function notice(
	name: string,
	text: string,
	hide: NonNullable<IDisplayOptions['hide']>,
): INodeProperties {
	return {
		displayName: text,
		name,
		type: 'notice',
		default: '',
		displayOptions: { ...forCreating, hide },
	};
}

/** Hides for anything else, an expression without a value included. */
const unless = (value: number | boolean) => [{ _cnd: { not: value } }];

/**
 * The price, of which exactly one notice is in sight at any time. The editor puts in what an
 * expression gives before it looks at these conditions, and an empty text where it gives nothing.
 */
const creditNotices: INodeProperties[] = [
	...DURATIONS_SECONDS.flatMap((duration) => [
		...SOUND_CHOICES.map((sound) =>
			notice(
				`credits${duration}${sound ? 'Sound' : 'Silent'}`,
				`Estimated price of each video: ${formatCredits(estimateCredits(duration, sound))}. Taken when it is created, given back if it fails.`,
				{ duration: unless(duration), sound: unless(sound) },
			),
		),
		notice(
			`credits${duration}`,
			`The price of each video depends on its sound. Estimated credits: ${prices(duration)}.`,
			{ duration: unless(duration), sound: SOUND_CHOICES },
		),
	]),
	notice(
		'creditsByDuration',
		`The price of each video depends on its duration and sound. Estimated credits: ${DURATIONS_SECONDS.map(prices).join('; ')}.`,
		{ duration: [...DURATIONS_SECONDS] },
	),
];

export const createFields: INodeProperties[] = [
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 4 },
		required: true,
		default: '',
		placeholder: 'e.g. The cat turns its head and blinks slowly, soft morning light',
		description: `What should happen in the video, in at most ${MAX_PROMPT_LENGTH.toLocaleString('en-US')} characters`,
		displayOptions: forCreating,
	},
	{
		displayName: 'Image Source',
		name: 'imageSource',
		type: 'options',
		options: [
			{
				name: 'Binary Field',
				value: 'binary',
				description: 'A file that comes with the item, from a form, a drive or another node',
			},
			{ name: 'URL', value: 'url', description: 'A picture on the web' },
		],
		default: 'url',
		displayOptions: forCreating,
	},
	{
		displayName: 'Input Binary Field',
		name: 'binaryPropertyName',
		type: 'string',
		required: true,
		default: 'data',
		placeholder: 'e.g. data',
		hint: 'The name of the input field containing the file to be used',
		description:
			'JPEG, PNG or WebP, at most 10 MB. Separate several with commas. The API fetches it from this n8n, so n8n must have a public address.',
		displayOptions: { show: { operation: CREATING, imageSource: ['binary'] } },
	},
	{
		displayName: 'Image URLs',
		name: 'imageUrls',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. https://example.com/cat.jpg',
		description:
			'Public http(s) address of the image to animate: JPEG, PNG or WebP, at most 10 MB. Separate several with spaces or line breaks.',
		displayOptions: { show: { operation: CREATING, imageSource: ['url'] } },
	},
	{
		displayName: 'Duration',
		name: 'duration',
		type: 'options',
		options: DURATIONS_SECONDS.map((seconds) => ({ name: `${seconds} Seconds`, value: seconds })),
		default: 5,
		description: 'How long the video is',
		displayOptions: forCreating,
	},
	{
		displayName: 'Sound',
		name: 'sound',
		type: 'boolean',
		default: false,
		description: 'Whether the video has sound. This doubles the price.',
		displayOptions: forCreating,
	},
	...creditNotices,
	{
		displayName: 'Callback',
		name: 'callback',
		type: 'options',
		options: [
			{
				name: 'Automatic',
				value: 'auto',
				description:
					'A Kling Wait further down is woken, else the Kling Trigger of this workflow is started, else nobody is told',
			},
			{
				name: 'Kling Trigger of This Workflow',
				value: 'trigger',
				description: 'Starts this workflow anew at its Kling Trigger. Nothing needs copying.',
			},
			{
				name: 'None',
				value: 'none',
				description: 'Nobody is told. Wait and Get Task work all the same.',
			},
			{
				name: 'This Execution',
				value: 'execution',
				description: 'Wakes the Kling Wait further down in this execution',
			},
			{
				name: 'URL',
				value: 'url',
				description:
					'Any address, for example the Production URL of a Kling Trigger in another workflow',
			},
		],
		default: 'auto',
		description: 'Whom the API tells when the video is ready or failed',
		displayOptions: { show: { operation: [OPERATIONS.create] } },
	},
	{
		displayName: 'Callback URL',
		name: 'callbackUrl',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. https://n8n.example.com/webhook/my-videos',
		description: 'The address the API sends the finished task to',
		displayOptions: { show: { operation: [OPERATIONS.create], callback: ['url'] } },
	},
];
