import type { Execution } from '../harness/n8n/api';
import { jsonOf, numbered, production, until, withTrigger } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { items, RETRIES, workflow, type NodeSettings } from '../harness/n8n/workflow';

/** What second tries of all kinds cost, and what they do not: attacks that once got through. */

const PRICE = 110;

const stage = useStage();

const ids = () => stage.emulator.tasks().map(({ id }) => id);
const creations = () => stage.emulator.count({ route: 'create' });
const charged = () => stage.emulator.account().totalConsumed;
const refuse = (skip: number) =>
	stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip });

/** All that an error says to the person who reads it. */
function told(execution: Execution, node = 'Kling'): string {
	const error = stage.n8n.api.errorOf(execution, node);
	return `${error?.message} ${error?.description}`;
}

/** Runs it in production, which fails, and then *Retry* from the list until it ends as `status` says. */
async function runAndRetry(
	parameters: Record<string, unknown>,
	{ count = 3, status = 'success' }: { count?: number; status?: 'success' | 'error' } = {},
) {
	const { api } = stage.n8n;
	const node = stage.creates({ callback: 'none', ...parameters });
	const { start } = await stage.publish(production('Retried', numbered(count), { Kling: node }));
	const failed = await api.waitForExecution(await start(), { status: 'error' });
	const retried = await api.waitForExecution(await api.retryExecution(failed.id), { status });
	return { failed, retried };
}

test('what is unclear is not sent again by Retry, counts for Max Credits, and no text recommends Retry for it', async () => {
	stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:500-after', skip: 1 });
	const { failed, retried } = await runAndRetry(
		{ options: { maxCredits: 3 * PRICE } },
		{ status: 'error' },
	);
	expect([creations(), charged()]).toEqual([2, 2 * PRICE]);
	for (const execution of [failed, retried]) {
		expect(told(execution)).toContain('may have been charged');
		expect(told(execution)).not.toContain('use Retry');
	}
});

test('Retry of a prompt that changes with the time pays only for what is missing', async () => {
	refuse(2);
	const { retried } = await runAndRetry({
		prompt: '=Number {{ $json.number }} {{ $now.toMillis() }} {{ Math.random() }}',
	});
	expect([creations(), charged()]).toEqual([4, 3 * PRICE]);
	expect(jsonOf(retried, stage.n8n, 'Kling').map(({ taskId }) => taskId)).toEqual(ids());
});

test.each<[string, NodeSettings]>([
	['Retry On Fail', RETRIES],
	['Retry', {}],
])('%s makes a new video where the first has failed and was refunded', async (way, settings) => {
	const { emulator, n8n } = stage;
	const node = stage.creates(
		{
			operation: 'createAndWait',
			waitStrategy: 'poll',
			options: { throwOnFailure: true, pollInterval: 2 },
		},
		settings,
	);
	const { start } = await stage.publish(production(`Fails: ${way}`, [{}], { Kling: node }));
	const id = await start();
	await emulator.fail(await until(() => ids()[0]));
	let last = id;
	if (way === 'Retry') {
		const failed = await n8n.api.waitForExecution(id, { status: 'error' });
		expect(told(failed)).not.toMatch(/already created|charged|paid/);
		last = await n8n.api.retryExecution(id);
	}
	await emulator.complete(await until(() => ids()[1]));
	const done = await n8n.api.waitForExecution(last, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ taskId: ids()[1], status: 'completed' }]);
	expect([creations(), charged()]).toEqual([2, PRICE]);
});

test('the second turn of a loop that is refused speaks of itself, not of the turn that paid', async () => {
	const loop = workflow('Loop')
		.node('Start', { type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} })
		.node('Items', items([{ limit: 0 }, { limit: 1 }]))
		.node('Loop', {
			type: 'n8n-nodes-base.splitInBatches',
			typeVersion: 3,
			parameters: { batchSize: 1, options: {} },
		})
		.node(
			'Kling',
			stage.creates({ callback: 'none', options: { maxCredits: '={{ $json.limit }}' } }),
		)
		.chain('Start', 'Items', 'Loop')
		.connect('Loop', 'Kling', { output: 1 })
		.connect('Kling', 'Loop')
		.json();
	const failed = await stage.run(loop, 'error');
	expect(charged()).toBe(PRICE);
	expect(told(failed)).toContain('Nothing was spent in this run.');
});

test('items behind a pause that the API asks for are not sent, and are by the next try', async () => {
	const { emulator, n8n } = stage;
	emulator.fault({
		match: { method: 'POST' },
		fault: { http: '503', retryAfter: 120 },
		times: 1,
	});
	const node = stage.creates({ callback: 'none' }, { onError: 'continueRegularOutput' });
	const { start } = await stage.publish(production('Paused', numbered(4), { Kling: node }));
	const done = await n8n.api.waitForExecution(await start());
	const errors = jsonOf(done, n8n, 'Kling').map(({ error }) => String(error));
	expect(errors.map((error) => error.includes('may have been charged'))).toEqual([
		true,
		...errors.slice(1).map(() => false),
	]);
	expect(creations()).toBe(1);
});

describe('an execution that a Kling Trigger started never calls that trigger by itself', () => {
	/** A trigger whose executions create one more video. */
	async function chainOfClips(name: string): Promise<string> {
		const json = workflow(name)
			.node('When a video ends', stage.trigger())
			.node('Kling', stage.creates())
			.chain('When a video ends', 'Kling')
			.json();
		const { id } = await stage.n8n.api.createWorkflow(json);
		await stage.n8n.api.activate(id);
		return id;
	}

	/** Starts the trigger of a workflow with a video that was made for it elsewhere. */
	async function startByVideo(workflowId: string): Promise<string> {
		const { emulator, n8n } = stage;
		const node = stage.creates({ callback: 'url', callbackUrl: workflowId });
		const { start } = await stage.publish(production('First', [{}], { Kling: node }));
		await n8n.api.waitForExecution(await start(), { status: 'success' });
		await emulator.complete(ids()[0] ?? '');
		return await until(async () => (await n8n.api.listExecutions(workflowId))[0]?.id);
	}

	test('also not where Retry runs it once more', async () => {
		const { emulator, n8n } = stage;
		const workflowId = await chainOfClips('Clips, retried');
		emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 1 });
		const failed = await startByVideo(workflowId);
		await n8n.api.waitForExecution(failed, { status: 'error' });
		const retry = await n8n.api.retryExecution(failed);
		const done = await n8n.api.waitForExecution(retry, { status: 'success' });
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ callback: 'none', callbackUrl: null }]);
		expect(ids()).toHaveLength(2);
	});
});

test('Retry of Automatic tells the trigger of the workflow of each new video', async () => {
	const { emulator, n8n } = stage;
	refuse(1);
	const json = production('Automatic, retried', numbered(2), { Kling: stage.creates() });
	const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
	const failed = await n8n.api.waitForExecution(await start(), { status: 'error' });
	const retry = await n8n.api.retryExecution(failed.id);
	const done = await n8n.api.waitForExecution(retry, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling').map(({ callback }) => callback)).toEqual([
		'trigger',
		'trigger',
	]);
	await emulator.complete(ids()[1] ?? '');
	expect(emulator.task(ids()[1] ?? '').callbacks.map(({ status }) => status)).toEqual([200]);
	await until(async () => ((await n8n.api.listExecutions(id)).length === 3 ? true : undefined));
});
