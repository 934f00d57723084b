import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { DURATIONS_SECONDS, estimateCredits, formatCredits } from '../task/pricing';
import { MAX_PROMPT_LENGTH } from '../task/request';
import { CREATING, OPERATIONS } from './operations';

const forCreating: IDisplayOptions = { show: { operation: CREATING } };

// Not `startsWith`, which n8n 2.0 calls on numbers and booleans too, and breaks.
const IS_EXPRESSION = { _cnd: { regex: '^=' } };

const SOUND_CHOICES = [false, true];

/** A notice with the price of one combination, hidden as soon as another one is chosen. */
function creditNotice(
	duration: (typeof DURATIONS_SECONDS)[number],
	sound: boolean,
): INodeProperties {
	const name = `credits${duration}${sound ? 'Sound' : 'Silent'}`;
	return {
		displayName: `Each video will cost about <b>${formatCredits(estimateCredits(duration, sound))}</b>, taken when it is created and given back if it fails.`,
		name,
		type: 'notice',
		default: '',
		displayOptions: {
			...forCreating,
			hide: {
				duration: [...DURATIONS_SECONDS.filter((other) => other !== duration), IS_EXPRESSION],
				sound: [!sound, IS_EXPRESSION],
			},
		},
	};
}

const ALL_PRICES = DURATIONS_SECONDS.map(
	(duration) =>
		`${duration} seconds ${estimateCredits(duration, false)}, with sound ${estimateCredits(duration, true)}`,
).join('; ');

const PRICE_LIST = `The price of each video depends on an expression. In credits, about: ${ALL_PRICES}.`;

const expressionNotices: INodeProperties[] = [
	{
		displayName: PRICE_LIST,
		name: 'creditsByDuration',
		type: 'notice',
		default: '',
		displayOptions: { ...forCreating, hide: { duration: [...DURATIONS_SECONDS] } },
	},
	{
		displayName: PRICE_LIST,
		name: 'creditsBySound',
		type: 'notice',
		default: '',
		displayOptions: { ...forCreating, hide: { sound: SOUND_CHOICES, duration: [IS_EXPRESSION] } },
	},
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
	...DURATIONS_SECONDS.flatMap((duration) =>
		SOUND_CHOICES.map((sound) => creditNotice(duration, sound)),
	),
	...expressionNotices,
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
