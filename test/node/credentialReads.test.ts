import '../harness/node/instance';

import { createRunExecutionData, type IWebhookData } from 'n8n-workflow';
import { WebhookContext } from 'n8n-core';

import { NO_CREDENTIAL, readBack } from '../../nodes/Kling/webhooks/readBack';
import { Kling } from '../../nodes/Kling/Kling.node';
import { buildAdditionalData } from '../harness/node/additionalData';
import { TestCredentialsHelper } from '../harness/node/credentials';
import { useEmulator } from '../harness/node/emulator';
import { createTask } from '../harness/node/tasks';
import { buildWorkflow } from '../harness/node/workflow';

const emulator = useEmulator();

/** A node that is called back, each time with the credential as it is then. */
function calledBack(nodeId: string) {
	const credential = { apiKey: emulator.current.apiKey, baseUrl: emulator.current.url };
	const helper = new TestCredentialsHelper(() => credential);
	return {
		credential,
		reads: () => helper.reads,
		readBack: async (taskId: string) => await readBack(contextOf(nodeId, helper), taskId),
	};
}

function contextOf(nodeId: string, helper: TestCredentialsHelper): WebhookContext {
	const additionalData = buildAdditionalData(helper);
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
	return new WebhookContext(
		workflow,
		{ ...node, id: nodeId },
		additionalData,
		'webhook',
		webhookData,
		[],
		createRunExecutionData(),
	);
}

const foundTask = (taskId: string) => ({ task: { id: taskId } });

describe('callbacks that come within seconds', () => {
	test('read the credential of their node once', async () => {
		const { readBack: readTask, reads } = calledBack('burst');
		for (const prompt of ['A cat', 'A dog', 'A bird']) {
			const taskId = await createTask(emulator.current, prompt);
			expect(await readTask(taskId)).toMatchObject(foundTask(taskId));
		}
		expect(reads()).toBe(1);
	});

	test('read it once too when they come at the same moment', async () => {
		const { readBack: readTask, reads } = calledBack('crowd');
		const taskId = await createTask(emulator.current);
		const found = await Promise.all([taskId, taskId].map(readTask));
		expect(found).toMatchObject([taskId, taskId].map(foundTask));
		expect(reads()).toBe(1);
	});

	test('look at the credential again as soon as the key at hand is refused, once for all', async () => {
		const { readBack: readTask, credential, reads } = calledBack('replaced');
		await readTask(await createTask(emulator.current));
		emulator.current.setBalance('sk-new', 1_000);
		credential.apiKey = 'sk-new';
		const taskId = await createTask(emulator.current, 'A cat', 'sk-new');
		const found = await Promise.all([taskId, taskId].map(readTask));
		expect(found).toMatchObject([taskId, taskId].map(foundTask));
		expect(emulator.current.count({ route: 'getTask', status: 404 })).toBe(2);
		expect(reads()).toBe(2);
	});

	test('ask no second time when the key is still the one that was refused', async () => {
		const { readBack: readTask, reads } = calledBack('unknown task');
		const unknown = '00000000-0000-4000-8000-000000000000';
		await readTask(await createTask(emulator.current));
		expect(await readTask(unknown)).toMatchObject({ detail: { code: 'task_not_found' } });
		expect(emulator.current.count({ route: 'getTask' })).toBe(2);
		expect(reads()).toBe(2);
	});

	test('do not keep a credential that could not be used', async () => {
		const { readBack: readTask, credential } = calledBack('mended');
		const { apiKey } = credential;
		credential.apiKey = '';
		const taskId = await createTask(emulator.current);
		expect(await readTask(taskId)).toBe(NO_CREDENTIAL);
		credential.apiKey = apiKey;
		expect(await readTask(taskId)).toMatchObject(foundTask(taskId));
	});
});
