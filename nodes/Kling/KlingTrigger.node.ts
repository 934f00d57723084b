import type {
	IHookFunctions,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { receive } from './callback/receive';
import { isRegistered, register, TRIGGER_PATH, withdraw } from './callback/registration';
import { triggerFields } from './fields/trigger';

export class KlingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Kling Trigger',
		name: 'klingTrigger',
		icon: { light: 'file:kling.svg', dark: 'file:kling.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ "On " + $parameter["events"].join(" or ") }}',
		description:
			'Starts the workflow when Kling 2.6 has turned an image into a video, or could not',
		eventTriggerDescription: 'Waiting for the AI Video API to report a task',
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
		],
		triggerPanel: {
			header: 'Start when a video is ready',
			executionsHelp: {
				inactive:
					'Create operations in this workflow call this trigger by themselves once the workflow is active: nothing needs copying. While testing, click “Listen for test event” and send a finished task to the Test URL.',
				active:
					'This trigger is registered: Create operations in this workflow call it by themselves. For a Create in another workflow, set its Callback to URL and paste the Production URL from here.',
			},
			activationHint:
				'Activate the workflow, and Create operations in it call this trigger by themselves. For a Create in another workflow, paste the Production URL there.',
		},
		properties: triggerFields,
	};

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return isRegistered(this);
			},
			async create(this: IHookFunctions): Promise<boolean> {
				register(this);
				return true;
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
