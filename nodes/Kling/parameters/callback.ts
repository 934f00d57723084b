import type { INodeProperties } from 'n8n-workflow';

import { isHttpUrl } from '../api/address';
import { Failure, Refusal, type Settled } from '../api/failure';
import { ofLength, quote, toChoice, toOptionalText, toText } from './readers';
import type { Settings } from './settings';

/** The names in the panel, for refusals. */
export const CALLBACK = 'Callback';
export const CALLBACK_URL = 'Callback URL';

/** What the user asks for: one of the ways, or the best that the workflow offers. */
export type CallbackSetting =
	| { kind: 'auto' | 'execution' | 'trigger' | 'none' }
	| { kind: 'url'; url: string }
	/** The Kling Trigger of another workflow, named by its ID or by the address of its editor. */
	| { kind: 'workflow'; workflowId: string; editorUrl: string | null };

export type CallbackKind = Exclude<CallbackSetting['kind'], 'auto' | 'workflow'>;

const callbackField: INodeProperties = {
	displayName: CALLBACK,
	name: 'callback',
	type: 'options',
	options: [
		{
			name: 'Automatic',
			value: 'auto',
			description:
				'Wakes Wait for Video if one follows, otherwise starts this workflow’s Kling Trigger',
		},
		{
			name: 'Kling Trigger of This Workflow',
			value: 'trigger',
			description: 'Starts this workflow from its Kling Trigger. Nothing needs copying.',
		},
		{
			name: 'None',
			value: 'none',
			description: 'No callback. Wait for Video and Get Video work all the same.',
		},
		{
			name: 'This Execution',
			value: 'execution',
			description: 'Wakes the Wait for Video that follows in this execution',
		},
		{
			name: 'URL',
			value: 'url',
			description:
				'Any address. For the Kling Trigger of another workflow, the address or ID of that workflow.',
		},
	],
	default: 'auto',
	description: 'Where the API reports that the video is ready or failed',
	displayOptions: { show: { operation: ['create'] } },
};

export const callbackUrlField: INodeProperties = {
	displayName: CALLBACK_URL,
	name: 'callbackUrl',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/my-videos',
	description:
		'Where the API sends the finished task. The address of another workflow in the editor, or its ID, stands for the Kling Trigger in it.',
	displayOptions: { show: { operation: ['create'], callback: ['url'] } },
};

export const callbackFields = [callbackField, callbackUrlField];

export function readCallback(settings: Settings): Settled<CallbackSetting> {
	const kind = settings.read(callbackField, (value) =>
		toChoice(value, ['auto', 'execution', 'trigger', 'url', 'none']),
	);
	if (kind instanceof Failure) return kind;
	return kind === 'url' ? settings.read(callbackUrlField, toCallbackUrl) : { kind };
}

/** Whether it is a workflow's ID as n8n makes them up now; older and imported ones may be any {@link ID}. */
export const isWorkflowId = (text: string) => /^[A-Za-z0-9]{16}$/.test(text);

const ID = /^[\w-]+$/;

/** The address of a workflow in n8n's editor, whatever is open in it. */
const EDITOR_PATH = /\/workflow\/([\w-]+)(\/|$)/;

/** n8n's endpoints for tests, unless an administrator has renamed them. */
const TEST_PATH = /\/(webhook|form)-test\//;

function toCallbackUrl(value: unknown): Settled<CallbackSetting> {
	const hint =
		'Give the full address to call, starting with https://, or the ID of a workflow with a Kling Trigger.';
	const text = toText(value, hint);
	if (text instanceof Failure) return text;
	const url = text.trim();
	if (ID.test(url)) return { kind: 'workflow', workflowId: url, editorUrl: null };
	if (!isHttpUrl(url) || /\s/.test(url)) {
		return new Refusal(`is ${quote(url)}, not an http(s) address`, hint);
	}
	const { pathname } = new URL(url);
	if (TEST_PATH.test(pathname)) {
		return new Refusal(
			`is ${quote(url)}, a Test URL, which only listens while someone watches in the editor`,
			'Publish that workflow and give its Production URL, which has /webhook/ in it.',
		);
	}
	const workflowId = EDITOR_PATH.exec(pathname)?.[1];
	return workflowId === undefined
		? { kind: 'url', url }
		: { kind: 'workflow', workflowId, editorUrl: url };
}

/** The longest reference, in Unicode code points: it becomes a part of an address. */
const MAX_REFERENCE_LENGTH = 200;

export const referenceOption: INodeProperties = {
	displayName: 'Reference',
	name: 'reference',
	type: 'string',
	default: '',
	placeholder: 'e.g. row-42',
	description: `A text of your own, in at most ${MAX_REFERENCE_LENGTH} characters, that the Kling Trigger gives back with the finished video. Nothing proves that it comes from here, so do not use it as a password.`,
	displayOptions: { show: { '/operation': ['create'] } },
};

/** What the user wants to get back with the finished task; null for nothing. */
export function readReference(settings: Settings): Settled<string | null> {
	return settings.option(referenceOption, (value) => {
		const text = toOptionalText(value, 'Set it to a text, or remove it.');
		if (text instanceof Failure) return text;
		const hint = 'Use an ID rather than the data themselves.';
		return ofLength(MAX_REFERENCE_LENGTH, text.trim(), hint) || null;
	});
}

/** The same limit, for what comes back: anyone who knows the trigger's address can send anything. */
export function isReference(value: string): boolean {
	return value !== '' && [...value].length <= MAX_REFERENCE_LENGTH;
}
