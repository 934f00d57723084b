import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookDescription,
	IWebhookFunctions,
	IWebhookResponseData,
	NodeHint,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';

import { RESUME_PATH } from './callback/resumeAddress';
import { create } from './operations/create';
import { createAndWait } from './operations/createAndWait';
import { getCredits } from './operations/getCredits';
import { getTask } from './operations/getTask';
import { wait } from './operations/wait';
import { callbackFields } from './parameters/callback';
import { imageFields } from './parameters/images';
import { operationField, READING, resourceField } from './parameters/operation';
import { optionsField } from './parameters/options';
import { creditNotices, SUBTITLE } from './parameters/price';
import { simplifyField } from './parameters/result';
import { taskIdField } from './parameters/taskId';
import { durationField, promptField, soundField } from './parameters/video';
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
		path: RESUME_PATH,
		restartWebhook: true,
	},
];

const WAITING_TOOLTIP =
	'={{ "Waiting for the AI Video API to report that the video is ready. The workflow sleeps until then and goes on by itself, for at most " + $parameter["timeout"] + " minutes." + (($parameter["options"] ?? {})["downloadVideo"] ? "" : " To get the video as a file too, turn on Download Video under Options.") }}';

/** Before the first run, where its output will be. */
const HINTS: NodeHint[] = [
	{
		message:
			'A video that failed comes out with the status “failed”. To give it a branch of its own, open Settings and set On Error to “Continue (using error output)”.',
		type: 'info',
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
		displayCondition: `={{ ${JSON.stringify(READING)}.includes($parameter["operation"]) }}`,
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
			promptField,
			...imageFields,
			durationField,
			soundField,
			...creditNotices,
			...callbackFields,
			taskIdField,
			...waitFields,
			simplifyField,
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
