import type {
	IHookFunctions,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { isRegistered, register, TRIGGER_PATH, withdraw } from './callback/registration';
import { triggerFields } from './parameters/trigger';
import { receive } from './webhooks/trigger';

export class KlingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Kling Trigger',
		name: 'klingTrigger',
		icon: { light: 'file:kling.svg', dark: 'file:kling.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ "On " + $parameter["events"].join(" or ") }}',
		// The node creator shows this text for both nodes, which it lists as one.
		description: 'Turn images into videos with Kling 2.6, or start the workflow when one is ready',
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
					'<b>While building</b>, click the button above, then send a finished task to the Test URL.<br /><br /><b>Once the workflow is published</b>, Create operations in it call this trigger by themselves: nothing needs copying. For a Create in another workflow, set its Callback to URL and paste the Production URL from here.',
				active:
					'This trigger is registered: Create operations in this workflow call it by themselves, nothing needs copying. For a Create in another workflow, set its Callback to URL and paste the Production URL from here.',
			},
			activationHint:
				'Publish the workflow, and Create operations in it call this trigger by themselves: nothing needs copying. For a Create in another workflow, copy the Production URL into its Callback URL.',
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
