import type { INodeProperties } from 'n8n-workflow';
import { z } from 'zod';

import { isHttpUrl } from '../api/address';
import { OPERATIONS } from './operation';
import { InvalidParameterError, quote, type Settings } from './read';

/** The name in the panel, for refusals. */
export const CALLBACK = 'Callback';

const callbackSchema = z.enum(['auto', 'execution', 'trigger', 'url', 'none']);

/** What the user asks for: one of the kinds, or the best that the workflow offers. */
export type CallbackSetting =
	| { kind: 'auto' | 'execution' | 'trigger' | 'none' }
	| { kind: 'url'; url: string };

export const callbackFields: INodeProperties[] = [
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

/** @throws {InvalidParameterError} when it is none of the kinds, or the address is not http(s) */
export function readCallback(settings: Settings): CallbackSetting {
	const value = settings.get('callback', 'auto');
	const kind = callbackSchema.safeParse(value);
	if (!kind.success) {
		throw new InvalidParameterError(
			CALLBACK,
			`“${quote(value)}” is not one of the ways`,
			'Use auto, execution, trigger, url or none.',
		);
	}
	if (kind.data !== 'url') return { kind: kind.data };
	return { kind: 'url', url: toCallbackUrl(settings.get('callbackUrl', '')) };
}

function toCallbackUrl(value: unknown): string {
	const text = typeof value === 'string' ? value.trim() : '';
	if (isHttpUrl(text)) return text;
	throw new InvalidParameterError(
		'Callback URL',
		text === '' ? 'it is empty' : `“${quote(text)}” is no http(s) address`,
		'Give the full address to call, starting with https://, or choose another Callback.',
	);
}
