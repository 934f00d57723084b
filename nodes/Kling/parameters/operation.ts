import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { notice } from './panel';

export const CREATING = ['create', 'createAndWait'];
export const WAITING = ['wait', 'createAndWait'];
export const READING = ['getTask', ...WAITING];

/**
 * Never shown. n8n names nodes and AI tools after the action of their operation, but only where that
 * depends on a resource, and its list of actions needs the one option.
 */
export const resourceField: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'hidden',
	noDataExpression: true,
	options: [{ name: 'Video', value: 'video' }],
	default: 'video',
};

/** Saved workflows hold the values. `action` becomes the name of a new node, and name and description of an AI tool. */
export const OPERATIONS: INodePropertyOptions[] = [
	{
		name: 'Create Video',
		value: 'create',
		action: 'Create video from image',
		description: 'Start a video and pass its task on at once. The video is ready minutes later.',
	},
	{
		name: 'Create Video and Wait',
		value: 'createAndWait',
		action: 'Create video from image and wait',
		description: 'Start a video and pass it on once it is ready, as a file too with Download Video',
	},
	{
		name: 'Get Credits',
		value: 'getCredits',
		action: 'Get credit balance',
		description: 'Read how many credits the account has left, free of charge',
	},
	{
		name: 'Get Video',
		value: 'getTask',
		action: 'Get video status',
		description: 'Read how far a video has come, without waiting, free of charge',
	},
	{
		name: 'Wait for Video',
		value: 'wait',
		action: 'Wait for video',
		description:
			'Pass on a video that was started before, once it is ready, as a file too with Download Video',
	},
];

export const operationField: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	displayOptions: { show: { resource: ['video'] } },
	options: OPERATIONS,
	default: 'createAndWait',
};

/** What a person should know who gives this node to an AI Agent. */
export const toolNotices: INodeProperties[] = [
	notice(
		'toolDescriptionNotice',
		'Tools with the same operation get the same description from n8n. To let the agent tell them apart, choose Set Manually above and say when to use this one.',
		{ show: { '@tool': [true] } },
	),
	notice(
		'toolDurationNotice',
		"To let the model choose the length, which decides the price, switch Duration to Expression and write: {{ $fromAI('duration', '5 or 10 seconds', 'number') }}",
		{ show: { '@tool': [true], operation: CREATING } },
	),
	notice(
		'toolWaitNotice',
		'Chats and MCP clients give up after about a minute, and a video takes longer. Give them two tools instead: Create Video and Get Video.',
		{ show: { '@tool': [true], operation: WAITING } },
	),
];
