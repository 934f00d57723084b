import type {
	IHookFunctions,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';

import { isRegistered, register, TRIGGER_PATH, withdraw } from './callback/registration';
import { triggerFields } from './parameters/trigger';
import { checkSettings, receive } from './webhooks/trigger';

export class KlingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Kling Trigger',
		name: 'klingTrigger',
		icon: { light: 'file:kling.svg', dark: 'file:kling.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ "On " + [$parameter["events"]].flat().join(" or ") }}',
		// The node creator shows this text for both nodes, which it lists as one.
		description: 'Turn images into videos with Kling 2.6, or start the workflow when one is ready',
		eventTriggerDescription: 'Waiting for the AI Video API to report a video',
		defaults: { name: 'Kling Trigger' },
		maxNodes: 1,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{
				name: 'aiVideoApi',
				required: true,
				displayOptions: { hide: { '/options.verifyTask': [false] } },
			},
		],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				path: TRIGGER_PATH,
				isFullPath: true,
			},
			// For a person who tries it in a browser.
			{
				name: 'setup',
				httpMethod: 'GET',
				responseMode: 'onReceived',
				path: TRIGGER_PATH,
				isFullPath: true,
				ndvHideUrl: true,
			},
		],
		triggerPanel: {
			header: 'Start when a video is ready',
			executionsHelp: {
				inactive:
					'It starts for each video that is ready or failed, once the workflow is published.',
				active:
					'It starts for each video that is ready or failed. What it has started stands in the list of executions.',
			},
			activationHint: 'Publish the workflow to start it with every video.',
		},
		properties: triggerFields,
	};

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return isRegistered(this);
			},
			async create(this: IHookFunctions): Promise<boolean> {
				checkSettings(this);
				const refusal = register(this);
				if (refusal === null) return true;
				const { message, hint: description } = refusal;
				throw new NodeOperationError(this.getNode(), message, { description });
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				withdraw(this);
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive(this);
	}
}
