import httpProxy from 'http-proxy';

import { startHttpServer } from '../harness/httpServer';
import { chain, jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { code, webhook, workflow, type NodeSpec } from '../harness/n8n/workflow';
import { createTask } from '../harness/node/tasks';

/** How an execution falls asleep, and what else it could be woken by, or kept from. */

const stage = useStage();

const LOST = 'A cat [callback:lost]';

/** Publishes and starts a workflow; gives the execution's id once it sleeps. */
async function asleep(name: string, nodes: Record<string, NodeSpec>, count = 1): Promise<string> {
	const { start } = await stage.publish(production(name, numbered(count), nodes));
	const id = await start();
	await stage.n8n.api.waitForExecution(id, { status: 'waiting' });
	return id;
}

const taskIds = () => stage.emulator.tasks().map(({ id }) => id);

test('nothing is downloaded before the execution sleeps, and everything afterwards', async () => {
	const { emulator, n8n } = stage;
	const finished = await createTask(emulator);
	await emulator.complete(finished);
	const id = await asleep('Files later', {
		Create: stage.creates(),
		Both: code(`return [{ json: { taskId: '${finished}' } }, ...$input.all()];`),
		Wait: stage.kling({ operation: 'wait', waitStrategy: 'callback', downloadVideo: true }),
	});
	expect(emulator.count({ route: 'video' })).toBe(0);
	await emulator.complete(taskIds()[1] ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(n8n.api.outputOf(done, 'Wait').map(({ binary }) => binary?.data?.mimeType)).toEqual([
		'video/mp4',
		'video/mp4',
	]);
	// The one that was finished before is never read again.
	expect(emulator.task(finished).reads).toBe(1);
});

test('callbacks that come twice while a file is on its way pay for nothing behind the wait twice', async () => {
	const { emulator, n8n } = stage;
	const id = await asleep('Two clips', {
		First: stage.creates({ operation: 'createAndWait', downloadVideo: true }),
		Second: stage.creates({ operation: 'createAndWait' }),
	});
	const [first = ''] = taskIds();
	emulator.fault({ match: { path: '/videos/' }, fault: { delay: 3_000 } });
	const completed = emulator.complete(first);
	await until(() => emulator.count({ route: 'video' }) || undefined);
	expect(await emulator.sendCallback(first)).toEqual([200]);
	await completed;
	const second = await until(() => taskIds()[1]);
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	// Whoever fetched the file has it by now, and tries to go on.
	const files = () => emulator.requests.filter(({ route }) => route === 'video');
	await until(() => files().every(({ status }) => status !== null) || undefined);
	await emulator.sendCallback(first);
	await emulator.complete(second);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'First')).toMatchObject([{ taskId: first, status: 'completed' }]);
	expect(jsonOf(done, n8n, 'Second')).toMatchObject([{ taskId: second, status: 'completed' }]);
	expect([taskIds().length, emulator.account().totalConsumed]).toEqual([2, 220]);
});

test('a workflow that responds when the last node finishes says nothing untrue', async () => {
	const { emulator, n8n } = stage;
	const json = workflow('Responds at the end')
		.node('Webhook', webhook('responds-at-the-end', { respond: 'lastNode' }))
		.node('Kling', stage.creates({ operation: 'createAndWait' }))
		.chain('Webhook', 'Kling')
		.json();
	await stage.publish(json);
	const answer = await fetch(n8n.webhookUrl('responds-at-the-end'), { method: 'POST' });
	const text = await answer.text();
	expect(text).not.toMatch(/timedOut|pending|processing|completed/);
	expect(taskIds()).toHaveLength(1);
	await emulator.complete(taskIds()[0] ?? '');
	const [task] = emulator.tasks();
	expect(task?.callbacks.map(({ status }) => status)).toEqual([200]);
});

test('a webhook is answered by Respond to Webhook behind the wait, with the video', async () => {
	const { emulator, n8n } = stage;
	const json = workflow('Responds behind the wait')
		.node('Webhook', webhook('responds-behind', { respond: 'responseNode' }))
		.node('Kling', stage.creates({ operation: 'createAndWait' }))
		.node('Answer', {
			type: 'n8n-nodes-base.respondToWebhook',
			typeVersion: 1.5,
			parameters: { respondWith: 'firstIncomingItem', options: {} },
		})
		.chain('Webhook', 'Kling', 'Answer')
		.json();
	const { id } = await stage.publish(json);
	const answering = fetch(n8n.webhookUrl('responds-behind'), { method: 'POST' });
	const execution = await until(async () => (await n8n.api.listExecutions(id))[0]?.id);
	await n8n.api.waitForExecution(execution, { status: 'waiting' });
	const [task] = emulator.tasks();
	await emulator.complete(task?.id ?? '');
	expect(await (await answering).json()).toMatchObject({ taskId: task?.id, status: 'completed' });
});

test('in a sub-workflow that runs once for each item, each item comes out with its own video', async () => {
	const { emulator, n8n } = stage;
	const sub = await n8n.api.createWorkflow(
		workflow('Sub')
			.node('Called', {
				type: 'n8n-nodes-base.executeWorkflowTrigger',
				typeVersion: 1.1,
				parameters: { inputSource: 'passthrough' },
			})
			.node(
				'Kling',
				stage.creates({
					operation: 'createAndWait',
					prompt: '=No {{ $json.number }}',
					options: { pollInterval: 2 },
				}),
			)
			.chain('Called', 'Kling')
			.json(),
	);
	await n8n.api.activate(sub.id);
	emulator.setPace(1_000);
	const done = await stage.run(
		chain('Parent', numbered(3), {
			Each: {
				type: 'n8n-nodes-base.executeWorkflow',
				typeVersion: 1.2,
				parameters: {
					workflowId: { __rl: true, mode: 'id', value: sub.id },
					mode: 'each',
					options: {},
				},
			},
		}),
	);
	const byPrompt = [...emulator.tasks()].sort((a, b) => a.prompt.localeCompare(b.prompt));
	expect(jsonOf(done, n8n, 'Each')).toMatchObject(
		byPrompt.map(({ id }) => ({ taskId: id, status: 'completed', callback: 'none' })),
	);
});

test('a callback that n8n refuses since the execution still runs costs one look', async () => {
	const { emulator, n8n } = stage;
	// The second task is still being read when the first one, which was read before, finishes.
	emulator.fault({ match: { path: '/v1/tasks/' }, fault: { delay: 2_000 }, skip: 1 });
	const { start } = await stage.publish(
		production('Race', numbered(2), { Kling: stage.creates({ operation: 'createAndWait' }) }),
	);
	const id = await start();
	const first = await until(() =>
		emulator.requests.find(({ route, status }) => route === 'getTask' && status === 200),
	);
	await emulator.complete(first.taskId ?? '');
	expect(emulator.task(first.taskId ?? '').callbacks.map(({ status }) => status)).toEqual([409]);
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	await emulator.complete(taskIds().find((taskId) => taskId !== first.taskId) ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling').map(({ status }) => status)).toEqual([
		'completed',
		'completed',
	]);
});

describe('behind a proxy that serves n8n below a path', () => {
	afterAll(async () => {
		await stage.n8n.restart({ WEBHOOK_URL: '' });
	});

	test('a lost callback costs one look, also when n8n cannot reach the proxy itself', async () => {
		const { emulator, n8n } = stage;
		const proxy = httpProxy.createProxyServer({ target: n8n.url });
		const server = await startHttpServer((request, response) => {
			request.url = request.url?.replace(/^\/base/, '');
			proxy.web(request, response);
		});
		await n8n.restart({ WEBHOOK_URL: `${server.url}/base/` });

		const throughProxy = await asleep('Through the proxy', {
			Kling: stage.creates({ operation: 'createAndWait', prompt: LOST }),
		});
		const [task] = emulator.tasks();
		expect(task?.callbackUrl).toContain(`${server.url}/base/webhook-waiting/`);
		await emulator.complete(task?.id ?? '');
		await n8n.api.waitForExecution(throughProxy, { status: 'success' });

		const past = await asleep('Past the proxy', {
			Kling: stage.creates({ operation: 'createAndWait' }),
		});
		await server.stop();
		await emulator.complete(taskIds()[1] ?? '');
		const done = await n8n.api.waitForExecution(past, { status: 'success' });
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ status: 'completed', timedOut: false }]);
		expect(emulator.task(taskIds()[1] ?? '').callbacks.map(({ status }) => status)).toEqual([null]);
	});
});
