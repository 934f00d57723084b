import type { WorkflowJson } from '../harness/n8n/workflow';
import {
	jsonOf,
	numbered,
	production,
	startedByTrigger,
	TRIGGER,
	withStart,
	withTrigger,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const stage = useStage();

/** Create by webhook, and a Kling Trigger in the same workflow. */
function createHereTriggerThere(
	name: string,
	{ create, trigger }: Partial<Record<'create' | 'trigger', Record<string, unknown>>> = {},
): WorkflowJson {
	const json = production(name, numbered(1), { Create: stage.creates(create) });
	return withTrigger(json, stage.trigger(trigger));
}

async function onlyTaskId(): Promise<string> {
	const [task] = stage.emulator.tasks();
	if (task === undefined) throw new Error('No task was created');
	return task.id;
}

test('a hostile or repeated callback gets its status and starts nothing', async () => {
	const { emulator, n8n } = stage;
	const { id, start } = await stage.publish(createHereTriggerThere('Hostile callbacks'));
	await n8n.api.waitForExecution(await start());
	const taskId = await onlyTaskId();
	const url = n8n.webhookUrl(`kling/${id}`);
	const unknownId = '00000000-0000-4000-8000-000000000000';
	const send = async (body: unknown, more: { contentType?: string; raw?: string } = {}) =>
		await emulator.sendCallback(taskId, { url, body, ...more });

	expect(await send({ hello: 'world' })).toEqual([400]);
	expect(await send([])).toEqual([400]);
	expect(await send({ id: '../credits', status: 'completed' })).toEqual([400]);
	expect(await send(undefined, { raw: 'no json', contentType: 'text/plain' })).toEqual([400]);
	expect(await send(undefined, { raw: '' })).toEqual([400]);
	expect(await send({ id: unknownId, status: 'completed' })).toEqual([404]);
	// The right task with a false body: it is still under way, whatever the body says.
	expect(
		await send({ id: taskId, status: 'completed', output: { urls: ['http://evil'] } }),
	).toEqual([200]);
	await emulator.goOffline();
	expect(await send({ id: taskId, status: 'completed' })).toEqual([503]);
	await emulator.goOnline();
	expect(await n8n.api.listExecutions(id)).toHaveLength(1);

	await emulator.complete(taskId);
	const repeated = await emulator.sendCallback(taskId, { url, times: 100, concurrently: true });
	expect(new Set(repeated)).toEqual(new Set([200]));
	await startedByTrigger(n8n, id, 1);
	expect(await n8n.api.listExecutions(id)).toHaveLength(2);
});

test('only the events asked for start the workflow, and the task is the API’s', async () => {
	const { emulator, n8n } = stage;
	const { id, start } = await stage.publish(
		createHereTriggerThere('Only failed', { trigger: { events: ['failed'], simplify: false } }),
	);
	await n8n.api.waitForExecution(await start());
	await n8n.api.waitForExecution(await start());
	const [first, second] = emulator.tasks().map((task) => task.id);
	await emulator.complete(first ?? '');
	await emulator.fail(second ?? '', { code: 'upstream_error', message: 'Sensitive content' });
	const [execution, ...more] = await startedByTrigger(n8n, id, 1);
	expect(more).toEqual([]);
	expect(execution && jsonOf(execution, n8n, TRIGGER)).toEqual([
		{
			id: second,
			status: 'failed',
			model: 'kling-2.6',
			created_at: expect.any(Number),
			error: { code: 'upstream_error', message: 'Sensitive content' },
		},
	]);
});

test('without verification the body is passed on and no credential is needed', async () => {
	const { emulator, n8n } = stage;
	const json = createHereTriggerThere('Trusting', {
		trigger: { options: { verifyTask: false, deduplicate: false } },
	});
	for (const node of json.nodes) if (node.name === TRIGGER) delete node.credentials;
	const { id, start } = await stage.publish(json);
	await n8n.api.waitForExecution(await start());
	const taskId = await onlyTaskId();
	await emulator.complete(taskId);
	await emulator.sendCallback(taskId);
	expect(await startedByTrigger(n8n, id, 2)).toHaveLength(2);
	expect(emulator.count({ route: 'getTask', taskId })).toBe(0);
});

test('deactivation withdraws the registration, and the registration follows WEBHOOK_URL', async () => {
	const { emulator, n8n } = stage;
	const json = createHereTriggerThere('Moving', { create: { callback: 'trigger' } });
	const { id, start } = await stage.publish(withStart(json));
	await n8n.restart({ WEBHOOK_URL: 'http://10.1.2.3:5678/' });
	const moved = await n8n.api.waitForExecution(await start());
	expect(jsonOf(moved, n8n, 'Create')).toMatchObject([
		{ callback: 'trigger', callbackUrl: `http://10.1.2.3:5678/webhook/kling/${id}` },
	]);
	await n8n.restart({ WEBHOOK_URL: '' });
	await n8n.api.deactivate(id);
	const executionId = await n8n.api.runWorkflow(id, { startNode: 'Start' });
	const refused = await n8n.api.waitForExecution(executionId, { status: 'error' });
	expect(n8n.api.errorOf(refused, 'Create')?.message).toContain('not published');
	expect(emulator.tasks()).toHaveLength(1);
});

test('while listening for a test event the Test URL works, and the registration stays', async () => {
	const { emulator, n8n } = stage;
	const { id, start } = await stage.publish(createHereTriggerThere('Test event'));
	await n8n.api.waitForExecution(await start());
	const taskId = await onlyTaskId();
	await n8n.api.listenForTestCall(id, { startNode: TRIGGER });
	const testUrl = `${n8n.url}/webhook-test/kling/${id}`;
	await emulator.complete(taskId);
	expect(await emulator.sendCallback(taskId, { url: testUrl })).toEqual([200]);
	// Both runs of the trigger, so that neither is taken for the next run of Create.
	await startedByTrigger(n8n, id, 2);
	const again = await n8n.api.waitForExecution(await start());
	expect(jsonOf(again, n8n, 'Create')).toMatchObject([
		{ callback: 'trigger', callbackUrl: n8n.webhookUrl(`kling/${id}`) },
	]);
});

describe('a registration is believed only where the trigger can listen', () => {
	test.each(['auto', 'trigger'])(
		'an inactive copy with the static data of an export, Callback %s',
		async (callback) => {
			const { emulator, n8n } = stage;
			const json = withStart(createHereTriggerThere('Restored', { create: { callback } }));
			const url = n8n.webhookUrl('kling/somewhere-else');
			const { id } = await n8n.api.createWorkflow({
				...json,
				staticData: { global: { klingTrigger: { url } } },
			});
			const executionId = await n8n.api.runWorkflow(id, { startNode: 'Start' });
			const execution = await n8n.api.waitForExecution(executionId, {
				status: callback === 'auto' ? 'success' : 'error',
			});
			if (callback === 'auto') {
				expect(jsonOf(execution, n8n, 'Create')).toMatchObject([{ callback: 'none' }]);
			} else {
				expect(n8n.api.errorOf(execution, 'Create')?.message).toContain('not published');
				expect(emulator.tasks()).toEqual([]);
			}
		},
	);

	test.each(['n8n/hooks', '/hooks'])(
		'below n8n’s webhook endpoint %s, whose address answers',
		async (endpoint) => {
			const { emulator, n8n } = stage;
			const json = withStart(createHereTriggerThere(`Endpoint ${endpoint}`));
			const { id } = await n8n.api.createWorkflow(json);
			await n8n.restart({ N8N_ENDPOINT_WEBHOOK: endpoint });
			try {
				await n8n.api.activate(id);
				const executionId = await n8n.api.runWorkflow(id, { startNode: 'Start' });
				await n8n.api.waitForExecution(executionId, { status: 'success' });
				const taskId = await onlyTaskId();
				await emulator.complete(taskId);
				expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([200]);
				expect(await startedByTrigger(n8n, id, 1)).toHaveLength(1);
			} finally {
				await n8n.api.deactivate(id);
				await n8n.restart({ N8N_ENDPOINT_WEBHOOK: 'webhook' });
			}
		},
	);
});
