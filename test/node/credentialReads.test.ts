import '../harness/node/instance';

import { createRunExecutionData, type IWebhookData } from 'n8n-workflow';
import { WebhookContext } from 'n8n-core';

import { openCallbackClient } from '../../nodes/Kling/webhooks/incoming';
import { Kling } from '../../nodes/Kling/Kling.node';
import { buildAdditionalData } from '../harness/node/additionalData';
import { TestCredentialsHelper } from '../harness/node/credentials';
import { useEmulator } from '../harness/node/emulator';
import { createTask } from '../harness/node/tasks';
import { buildWorkflow } from '../harness/node/workflow';

const emulator = useEmulator();

/** A node that is being called back, and what it has for a credential. */
function calledBack(): { context: WebhookContext; credential: TestCredentialsHelper } {
	const { apiKey, url: baseUrl } = emulator.current;
	const credential = new TestCredentialsHelper(() => ({ apiKey, baseUrl }));
	const additionalData = buildAdditionalData(credential);
	const { workflow, node } = buildWorkflow({
		parameters: { operation: 'wait' },
		withCredential: true,
	});
	const [webhookDescription] = new Kling().description.webhooks ?? [];
	if (webhookDescription === undefined) throw new Error('The node has no webhook');
	const webhookData: IWebhookData = {
		httpMethod: 'POST',
		node: node.name,
		path: '',
		webhookDescription,
		workflowId: workflow.id,
		workflowExecuteAdditionalData: additionalData,
	};
	const runData = createRunExecutionData();
	return {
		context: new WebhookContext(
			workflow,
			node,
			additionalData,
			'webhook',
			webhookData,
			[],
			runData,
		),
		credential,
	};
}

test('a callback reads the credential once, however many tasks it looks into', async () => {
	const { context, credential } = calledBack();
	const client = await openCallbackClient(context);
	for (const prompt of ['A cat', 'A dog', 'A bird']) {
		const taskId = await createTask(emulator.current, prompt);
		expect(await client?.getTask(taskId)).toMatchObject({ task: { id: taskId } });
	}
	expect(credential.reads).toBe(1);
});
