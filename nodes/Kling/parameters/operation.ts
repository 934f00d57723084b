import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

/** The five operations. Saved workflows hold these values. */
export const OPERATIONS = {
	create: 'create',
	createAndWait: 'createAndWait',
	getTask: 'getTask',
	wait: 'wait',
	getCredits: 'getCredits',
} as const;

/** The operations that spend credits. */
export const CREATING: string[] = [OPERATIONS.create, OPERATIONS.createAndWait];

/** The operations that wait for tasks to finish. */
export const WAITING: string[] = [OPERATIONS.wait, OPERATIONS.createAndWait];

/** The operations that read tasks, and so have the result options. */
export const READING: string[] = [OPERATIONS.getTask, ...WAITING];

/** The operations that take a task id. */
export const BY_TASK_ID: string[] = [OPERATIONS.getTask, OPERATIONS.wait];

const options: INodePropertyOptions[] = [
	{
		name: 'Create',
		value: OPERATIONS.create,
		action: 'Create a video from an image',
		description: 'Start a video and pass its task on at once. The video is ready minutes later.',
	},
	{
		name: 'Create and Wait',
		value: OPERATIONS.createAndWait,
		action: 'Create a video from an image and wait for it',
		description: 'Start a video and pass it on once it is ready',
	},
	{
		name: 'Get Credits',
		value: OPERATIONS.getCredits,
		action: 'Get the credit balance',
		description: 'Read how many credits the account has left, free of charge',
	},
	{
		name: 'Get Task',
		value: OPERATIONS.getTask,
		action: 'Get the status of a video',
		description: 'Read how far a video has come, without waiting, free of charge',
	},
	{
		name: 'Wait',
		value: OPERATIONS.wait,
		action: 'Wait for a video',
		description: 'Pass a video on once it is ready, for a task that was created before',
	},
];

export const operationField: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	options,
	default: 'createAndWait',
};
