import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { Refusal } from './api/failure';
import { RESUME_PATH } from './callback/resumeAddress';
import { create, createAndWait } from './operations/create';
import { getCredits } from './operations/getCredits';
import { getTask } from './operations/getTask';
import { type Operation, runOperation } from './operations/run';
import { wait } from './operations/wait';
import { callbackFields, referenceOption } from './parameters/callback';
import { imageFields } from './parameters/images';
import { HINTS, SUBTITLE, WAITING_TOOLTIP } from './parameters/editorTexts';
import { operationField, READING, resourceField, toolNotices } from './parameters/operation';
import { resultFields } from './parameters/result';
import { optionsField } from './parameters/settings';
import { spendingOptions } from './parameters/spending';
import { taskIdFields } from './parameters/taskId';
import { creditNotices, durationField, promptFields, soundField } from './parameters/video';
import { pollIntervalOption, throwOnFailureOptions, waitFields } from './parameters/waiting';
import { resume } from './webhooks/resume';

/** Takes callbacks at the resume address of a suspended execution; never registered. */
const RESUME_WEBHOOKS: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		path: RESUME_PATH,
		restartWebhook: true,
	},
];

export class Kling implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Kling',
		name: 'kling',
		icon: { light: 'file:kling.svg', dark: 'file:kling.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: SUBTITLE,
		description: 'Turn images into videos with Kling 2.6 through the AI Video API',
		defaults: { name: 'Kling' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		webhooks: RESUME_WEBHOOKS,
		waitingNodeTooltip: WAITING_TOOLTIP,
		hints: HINTS,
		credentials: [{ name: 'aiVideoApi', required: true }],
		properties: [
			resourceField,
			operationField,
			...toolNotices,
			...promptFields,
			...imageFields,
			durationField,
			soundField,
			...creditNotices,
			...callbackFields,
			...taskIdFields,
			...waitFields,
			...resultFields({ operation: READING }),
			{
				...optionsField,
				// With “operation” instead, n8n empties the collection when another operation is chosen.
				displayOptions: { hide: { '/operation': ['getCredits'] } },
				// In the order of the alphabet (n8n: lint).
				options: [
					...spendingOptions,
					pollIntervalOption,
					referenceOption,
					...throwOnFailureOptions,
				],
			},
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await runOperation(this, operationOf(this));
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await resume(this);
	}
}

const RECIPES = new Map<unknown, Operation>(
	Object.entries({ create, createAndWait, getTask, wait, getCredits }),
);

function operationOf(context: IExecuteFunctions): Operation {
	const name = context.getNodeParameter('operation', 0);
	const message = `There is no operation “${String(name)}”`;
	const none = new Refusal(message, 'Choose one of the operations in the list.');
	return RECIPES.get(name) ?? (async () => none);
}
