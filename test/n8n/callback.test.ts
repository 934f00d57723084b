import { startGateway, STOPS, type Gateway } from '../harness/gateway';
import {
	chain,
	jsonOf,
	numbered,
	production,
	TRIGGER,
	until,
	withStart,
	withTrigger,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { waitForCall, workflow } from '../harness/n8n/workflow';

const stage = useStage();

/** The first task that was created. */
async function firstTask(): Promise<string> {
	return await until(() => stage.emulator.tasks()[0]?.id);
}

test('the end of a task wakes no other node that waits in the workflow, and Wait for Video all the same', async () => {
	const { emulator, n8n } = stage;
	const json = production('Two waits', numbered(1), {
		Create: stage.creates(),
		Approval: waitForCall(),
		Wait: stage.kling({ operation: 'wait', taskId: '={{ $("Create").item.json.taskId }}' }),
	});
	const { start } = await stage.publish(json);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	const taskId = await firstTask();
	await emulator.complete(taskId);
	expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([404]);
	const asleep = await n8n.api.getExecution(id);
	expect(asleep.status).toBe('waiting');
	const address = emulator.task(taskId).callbacks[0]?.url ?? '';
	expect(new URL(address).pathname).toBe(`/webhook-waiting/${id}/kling`);
	await fetch(address.replace('/kling', ''), { method: 'POST' });
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Wait')).toMatchObject([{ taskId, status: 'completed' }]);
});

test('a Kling Trigger without a webhook ID is called, or is not published at all', async () => {
	const { emulator, n8n } = stage;
	const json = withStart(
		withTrigger(production('By API', numbered(1), { Create: stage.creates() }), stage.trigger()),
	);
	for (const node of json.nodes) if (node.name === TRIGGER) delete node.webhookId;
	const { id } = await n8n.api.createWorkflow(json);
	const refused = await n8n.api.activate(id).then(
		() => null,
		(error: unknown) => String(error),
	);
	if (refused !== null) {
		expect(refused).toContain('no webhook ID');
		return;
	}
	const executionId = await n8n.api.runWorkflow(id, { startNode: 'Start' });
	await n8n.api.waitForExecution(executionId);
	const taskId = await firstTask();
	await emulator.complete(taskId);
	expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([200]);
});

test('Automatic never calls the trigger that started the execution, in a Retry neither, and says so', async () => {
	const { emulator, n8n } = stage;
	const json = workflow('A chain of clips')
		.node('When a video ends', stage.trigger())
		.node('Create', stage.creates())
		.chain('When a video ends', 'Create')
		.json();
	const { id } = await n8n.api.createWorkflow(json);
	await n8n.api.activate(id);
	const first = await stage.run(
		chain('First', numbered(1), { Create: stage.creates({ callback: 'url', callbackUrl: id }) }),
	);
	expect(jsonOf(first, n8n, 'Create')).toMatchObject([
		{ callback: 'url', callbackUrl: n8n.webhookUrl(`kling/${id}`) },
	]);
	emulator.fault({ match: { method: 'POST' }, fault: 'http:402' });
	await emulator.complete(await firstTask());
	const started = await until(async () => (await n8n.api.listExecutions(id))[0]);
	await n8n.api.waitForExecution(started.id, { status: 'error' });
	const retry = await n8n.api.retryExecution(started.id);
	const execution = await n8n.api.waitForExecution(retry, { status: 'success' });
	expect(jsonOf(execution, n8n, 'Create')).toMatchObject([{ callback: 'none', callbackUrl: null }]);
	expect(n8n.api.hintsOf(execution, 'Create')).toContainEqual(
		expect.objectContaining({ type: 'warning', message: expect.stringContaining('without end') }),
	);
	expect(emulator.tasks()).toHaveLength(2);
});

test.each(['auto', 'trigger'])(
	'Retry with Callback %s takes the task that is paid, and has the trigger told of the new one',
	async (callback) => {
		const { emulator, n8n } = stage;
		emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 1 });
		const create = stage.creates({ callback });
		const json = production(`Retried: ${callback}`, numbered(2), { Create: create });
		const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
		const failed = await n8n.api.waitForExecution(await start(), { status: 'error' });
		const retry = await n8n.api.retryExecution(failed.id);
		const done = await n8n.api.waitForExecution(retry, { status: 'success' });
		const [paid, made] = emulator.tasks();
		expect(jsonOf(done, n8n, 'Create')).toMatchObject([
			{ taskId: paid?.id, callback: 'trigger' },
			{ taskId: made?.id, callback: 'trigger', callbackUrl: n8n.webhookUrl(`kling/${id}`) },
		]);
		expect(emulator.account().totalConsumed).toBe(220);
	},
);

describe('behind a proxy for what goes out and a login for what comes in', () => {
	let proxy: Gateway;
	let gateway: Gateway;
	let stop: keyof typeof STOPS | null = null;

	beforeAll(async () => {
		const { n8n } = stage;
		gateway = await startGateway(({ pathname }) =>
			stop !== null && pathname.startsWith('/webhook-waiting/') ? STOPS[stop] : n8n.url,
		);
		proxy = await startGateway(({ port, origin }) =>
			port === String(n8n.port) ? STOPS['a proxy without a way'] : origin,
		);
		await n8n.restart({
			WEBHOOK_URL: gateway.url,
			HTTP_PROXY: proxy.url,
			http_proxy: proxy.url,
			NO_PROXY: '',
			no_proxy: '',
		});
	});

	afterAll(async () => {
		await proxy.stop();
		await gateway.stop();
	});

	const dryRun = () =>
		chain('Dry', numbered(1), {
			Kling: stage.creates({ operation: 'createAndWait', options: { dryRun: true } }),
		});

	test.each([
		['a redirect to a login', 'redirects to https://login.example,'],
		['a login in JSON', 'asks for a login (HTTP 401),'],
	] as const)('%s: an execution wakes from inside, and Dry Run names it', async (name, words) => {
		const { emulator, n8n } = stage;
		stop = name;
		const { start } = await stage.publish(
			production(`Behind ${name}`, numbered(1), {
				Kling: stage.creates({ operation: 'createAndWait', prompt: 'A cat [callback:lost]' }),
			}),
		);
		const id = await start();
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		await emulator.complete(await firstTask());
		await n8n.api.waitForExecution(id, { status: 'success' });
		const dry = await stage.run(dryRun(), 'error');
		expect(n8n.api.errorOf(dry, 'Kling')?.message).toContain(words);
		expect(proxy.stopped).toEqual([]);
	});

	test('without the login Dry Run is fine', async () => {
		stop = null;
		const dry = await stage.run(dryRun());
		expect(jsonOf(dry, stage.n8n, 'Kling')).toMatchObject([{ dryRun: true }]);
	});
});
