import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';

import { create } from './operations/create';
import { createAndWait } from './operations/createAndWait';
import { getCredits } from './operations/getCredits';
import { getTask } from './operations/getTask';
import { wait } from './operations/wait';
import { callbackFields } from './parameters/callback';
import { imageFields } from './parameters/images';
import { HINTS, SUBTITLE, WAITING_TOOLTIP } from './parameters/editorTexts';
import { operationField, resourceField } from './parameters/operation';
import { optionsField } from './parameters/options';
import { creditNotices } from './parameters/price';
import { resultFields } from './parameters/result';
import { taskIdFields } from './parameters/taskId';
import { toolNotices } from './parameters/tool';
import { durationField, promptFields, soundField } from './parameters/video';
import { waitFields } from './parameters/waiting';
import { settleRun } from './result/output';
import { isSuspended, suspendedOutput } from './waiting/suspend';
import { resume } from './webhooks/resume';

/** Receives callbacks at the resume URL of a suspended execution. It is never registered. */
const RESUME_WEBHOOKS: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		path: '',
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
			...resultFields,
			optionsField,
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await settleRun(this, run(this));
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await resume(this);
	}
}

async function run(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	if (isSuspended(context)) return suspendedOutput();
	const operation = context.getNodeParameter('operation', 0);
	switch (operation) {
		case 'create':
			return await create(context);
		case 'createAndWait':
			return await createAndWait(context);
		case 'getTask':
			return await getTask(context);
		case 'wait':
			return await wait(context);
		case 'getCredits':
			return await getCredits(context);
		default:
			throw new NodeOperationError(
				context.getNode(),
				`There is no operation “${String(operation)}”`,
				{
					description: 'Choose one of the operations in the list.',
				},
			);
	}
}
