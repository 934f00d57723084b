import type { INodeProperties } from 'n8n-workflow';

import { isHttpUrl } from '../api/address';
import { OPERATIONS } from './operation';
import { quote } from './quote';
import { type Given, InvalidParameterError, type Settings, toChoice, toText } from './read';

/** The name in the panel, for refusals. */
export const CALLBACK = 'Callback';

const KINDS = ['auto', 'execution', 'trigger', 'url', 'none'] as const;

/** What the user asks for: one of the kinds, or the best that the workflow offers. */
export type CallbackSetting =
	| { kind: 'auto' | 'execution' | 'trigger' | 'none' }
	| { kind: 'url'; url: string };

export const callbackFields: [INodeProperties, INodeProperties] = [
	{
		displayName: CALLBACK,
		name: 'callback',
		type: 'options',
		options: [
			{
				name: 'Automatic',
				value: 'auto',
				description:
					'A Wait for Video further down is woken, else the Kling Trigger of this workflow is started, else nobody is told',
			},
			{
				name: 'Kling Trigger of This Workflow',
				value: 'trigger',
				description: 'Starts this workflow anew at its Kling Trigger. Nothing needs copying.',
			},
			{
				name: 'None',
				value: 'none',
				description: 'Nobody is told. Wait for Video and Get Video work all the same.',
			},
			{
				name: 'This Execution',
				value: 'execution',
				description: 'Wakes the Wait for Video further down in this execution',
			},
			{
				name: 'URL',
				value: 'url',
				description:
					'Any address. For the Kling Trigger of another workflow, the address or ID of that workflow.',
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
		description:
			'Where the API sends the finished task. The address of another workflow in the editor, or its ID, stands for the Kling Trigger in it.',
		displayOptions: { show: { operation: [OPERATIONS.create], callback: ['url'] } },
	},
];

const [callbackField, callbackUrlField] = callbackFields;

/** @throws {InvalidParameterError} when it is none of the kinds, or the address is not http(s) */
export function readCallback(settings: Settings): CallbackSetting {
	const kind = toChoice(settings.parameter(callbackField), KINDS);
	if (kind !== 'url') return { kind };
	return { kind, url: toCallbackUrl(settings.parameter(callbackUrlField)) };
}

function toCallbackUrl(given: Given): string {
	const hint = 'Give the full address to call, starting with https://, or choose another Callback.';
	const url = toText(given, hint).trim();
	if (isHttpUrl(url)) return url;
	throw new InvalidParameterError(
		given.parameter,
		`is ${quote(url)}, not an http(s) address`,
		hint,
	);
}
