import type { Execution } from '../harness/n8n/api';
import { chain, jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import {
	items,
	manualTrigger,
	RETRIES,
	workflow,
	type NodeSettings,
	type NodeSpec,
	type WorkflowJson,
} from '../harness/n8n/workflow';

/** When n8n runs a node again by itself, and when somebody does: what is paid then, and what is not. */

const PRICE = 110;

const stage = useStage();

const ids = () => stage.emulator.tasks().map(({ id }) => id);
const creations = () => stage.emulator.count({ route: 'create' });
const idsOf = (execution: Execution, node = 'Kling') =>
	jsonOf(execution, stage.n8n, node).map(({ taskId }) => taskId);

const creates = (parameters: Record<string, unknown> = {}, settings: NodeSettings = RETRIES) =>
	stage.creates(
		{ callback: 'none', prompt: '=Number {{ $json.number }}', ...parameters },
		settings,
	);

/** These items were created and charged once each, in this order. */
function expectPaid(...numbers: number[]): void {
	const { emulator } = stage;
	const paid = emulator.tasks().map(({ prompt }) => Number(/Number (\d+)/.exec(prompt)?.[1]));
	expect(paid).toEqual(numbers);
	expect(emulator.account().totalConsumed).toBe(PRICE * numbers.length);
}

/** The create behind so many others is refused, once. */
function refuseAfter(skip: number): void {
	stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip });
}

describe('Retry On Fail', () => {
	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'pays once for each item with %s, where n8n tries again as its first item failed',
		async (onError) => {
			refuseAfter(0);
			const node = creates({}, { ...RETRIES, onError });
			const execution = await stage.run(chain('Continues', numbered(3), { Kling: node }));
			expectPaid(1, 2, 0);
			const [second, third, first] = ids();
			expect(idsOf(execution)).toEqual([first, second, third]);
			expect(creations()).toBe(4);
		},
	);

	test.each(['complete', 'fail'] as const)(
		'does not read a task again that was let %s: a failed video is no failed run',
		async (end) => {
			const { emulator } = stage;
			await stage.run(chain('Creates', numbered(1), { Kling: creates() }));
			const [taskId = ''] = ids();
			await emulator[end](taskId);
			const reads = (operation: string) =>
				stage.kling({ operation, taskId, waitStrategy: 'poll' }, RETRIES);
			const execution = await stage.run(
				chain('Reads', [{}], { Kling: reads('getTask'), Wait: reads('wait') }),
			);
			expect([idsOf(execution), idsOf(execution, 'Wait')]).toEqual([[taskId], [taskId]]);
			expect(emulator.task(taskId).reads).toBe(2);
		},
	);

	test('runs a node once that sleeps though its first item was refused, with Continue', async () => {
		const { emulator, n8n } = stage;
		const node = stage.creates(
			{
				operation: 'createAndWait',
				prompt: '=Number {{ $json.number }}{{ $json.number === 0 ? " [http:402]" : "" }}',
			},
			{ ...RETRIES, onError: 'continueRegularOutput' },
		);
		const { start } = await stage.publish(production('Sleeping', numbered(3), { Kling: node }));
		const id = await start();
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		for (const taskId of ids()) await emulator.complete(taskId);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expectPaid(1, 2);
		expect(creations()).toBe(3);
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([
			{ error: expect.stringContaining('too few credits') },
			...ids().map((taskId) => ({ taskId, status: 'completed' })),
		]);
	});
});

/** Loop Over Items around a Kling node. */
function loop(input: Array<Record<string, unknown>>, batchSize: number, node: NodeSpec) {
	return workflow('Loop')
		.node('Start', manualTrigger())
		.node('Items', items(input))
		.node('Loop', {
			type: 'n8n-nodes-base.splitInBatches',
			typeVersion: 3,
			parameters: { batchSize, options: {} },
		})
		.node('Kling', node)
		.chain('Start', 'Items', 'Loop')
		.connect('Loop', 'Kling', { output: 1 })
		.connect('Kling', 'Loop')
		.json();
}

describe('Retry execution, from the list of executions,', () => {
	test('never sends again what may have been charged', async () => {
		const { api } = stage.n8n;
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:500-after', skip: 1 });
		const { start } = await stage.publish(
			production('Unclear', numbered(3), { Kling: creates({}, {}) }),
		);
		const failed = await api.waitForExecution(await start(), { status: 'error' });
		const retry = await api.retryExecution(failed.id);
		const retried = await api.waitForExecution(retry, { status: 'error' });
		expect(api.errorOf(retried, 'Kling')?.message).toMatch(/may have been charged/);
		expectPaid(0, 1);
		expect(creations()).toBe(2);
	});

	test('waits for what both created: by looking, since their callbacks are for two executions', async () => {
		const { emulator, n8n } = stage;
		refuseAfter(1);
		const node = creates(
			{ operation: 'createAndWait', callback: 'auto', options: { pollInterval: 2 } },
			{},
		);
		const { start } = await stage.publish(production('Both', numbered(2), { Kling: node }));
		const failed = await n8n.api.waitForExecution(await start(), { status: 'error' });
		const retry = await n8n.api.retryExecution(failed.id);
		await until(() => emulator.count({ route: 'getTask' }) >= 2 || undefined);
		for (const id of ids()) await emulator.complete(id);
		const done = await n8n.api.waitForExecution(retry, { status: 'success' });
		expectPaid(0, 1);
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject(
			ids().map((taskId) => ({ taskId, status: 'completed', timedOut: false })),
		);
	});

	test('in a loop’s second turn pays for what that turn still lacks', async () => {
		const { api } = stage.n8n;
		refuseAfter(3);
		const failed = await stage.run(loop(numbered(4), 2, creates({}, {})), 'error');
		expectPaid(0, 1, 2);
		const retry = await api.retryExecution(failed.id);
		const retried = await api.waitForExecution(retry, { status: 'success' });
		expectPaid(0, 1, 2, 3);
		expect(idsOf(retried, 'Loop')).toEqual(ids());
	});
});

describe('a node that is deliberately run again creates anew', () => {
	test('in a loop’s next turn, even with the same request and tries that failed', async () => {
		const same = Array.from({ length: 3 }, () => ({ number: 0 }));
		refuseAfter(0);
		const execution = await stage.run(loop(same, 1, creates()));
		expectPaid(0, 0, 0);
		expect(idsOf(execution, 'Loop')).toEqual(ids());
		expect(creations()).toBe(4);
	});

	test('when the editor executes the workflow, and then the step, once more', async () => {
		const { api } = stage.n8n;
		const json = chain('By hand', numbered(2), { Kling: creates() });
		// As the editor saves it: n8n cannot execute a step of a workflow without it.
		const { id } = await api.createWorkflow({ ...json, pinData: {} });
		const run = async (how: Parameters<typeof api.runWorkflow>[1]) =>
			await api.waitForExecution(await api.runWorkflow(id, how), { status: 'success' });
		const first = await run({});
		const second = await run({ destinationNode: 'Kling' });
		const third = await run({ destinationNode: 'Kling', after: second });
		expectPaid(0, 1, 0, 1, 0, 1);
		expect([first, second, third].flatMap((execution) => idsOf(execution))).toEqual(ids());
	});
});

test('the second turn of a loop that is refused speaks of itself, not of the turn that paid', async () => {
	const node = creates({ options: { maxCredits: '={{ $json.limit }}' } }, {});
	const limits = [0, 1].map((limit, number) => ({ number, limit }));
	const failed = await stage.run(loop(limits, 1, node), 'error');
	expectPaid(0);
	expect(stage.n8n.api.errorOf(failed, 'Kling')?.description).toContain(
		'Nothing was spent in this run.',
	);
});

/* Runs that somebody or something ends: no id of a task that was paid for may be lost. */

/** Waits until something is so, and fails after a minute. */
async function untilTrue(condition: () => boolean): Promise<void> {
	await until(() => (condition() ? true : undefined));
}

/** Every task of the ledger is in n8n's log, on the line of its creation. */
async function expectAllLogged(): Promise<void> {
	await untilTrue(() =>
		ids().every((id) => stage.n8n.log().includes(`Kling video created: task ${id} (`)),
	);
	expect(stage.emulator.account().totalConsumed).toBe(ids().length * PRICE);
}

/** Starts it by hand, and gives the execution's id. */
async function startByHand(json: WorkflowJson): Promise<string> {
	const { id } = await stage.n8n.api.createWorkflow(json);
	return await stage.n8n.api.runWorkflow(id);
}

const answered = () => stage.emulator.count({ route: 'create', status: 200 });

const SLOW = { match: { method: 'POST' }, fault: { delay: 1_500 }, times: 'always' } as const;

describe('Stop while videos are being created', () => {
	test.each([{}, RETRIES])(
		'lets what is under way end, logs it, and creates no more: %j',
		async (settings) => {
			const { emulator, n8n } = stage;
			emulator.fault(SLOW);
			const execution = await startByHand(
				chain('Stopped', numbered(12), { Kling: creates({}, settings) }),
			);
			await untilTrue(() => creations() === 5);
			await n8n.api.stopExecution(execution);
			await n8n.api.waitForExecution(execution, { status: 'canceled' });
			await untilTrue(() => answered() === 5);
			await expectAllLogged();
			await untilTrue(() => n8n.log().includes('Cancelled after creating Kling videos'));
			expect(creations()).toBe(5);
			expect(ids()).toHaveLength(5);
		},
	);
});

describe('a wait that is ended while it looks', () => {
	test('by the workflow’s own timeout: so too, and Retry from the list pays nothing again', async () => {
		const { emulator, n8n } = stage;
		const json = production('Timed out, then retried', numbered(3), {
			Kling: creates({ operation: 'createAndWait', waitStrategy: 'poll' }, {}),
		});
		json.settings = { ...json.settings, executionTimeout: 4 };
		const { start } = await stage.publish(json);
		const execution = await start();
		await n8n.api.waitForExecution(execution, { status: 'canceled' });
		await expectAllLogged();
		for (const id of ids()) await emulator.complete(id);
		const retry = await n8n.api.retryExecution(execution);
		const done = await n8n.api.waitForExecution(retry, { status: 'success' });
		expect(creations()).toBe(3);
		// n8n 2.0 has forgotten by then that it still had the node to run.
		if (done.data.resultData.runData.Kling === undefined) return;
		const results = n8n.api.outputOf(done, 'Kling').map(({ json: { taskId } }) => String(taskId));
		expect(results.sort()).toEqual(ids().sort());
	});
});

test('when n8n is shut down (SIGTERM) while videos are being created, each one is logged before the process ends', async () => {
	const { emulator, n8n } = stage;
	emulator.fault(SLOW);
	await startByHand(chain('Shut down', numbered(5), { Kling: creates({}, {}) }));
	await untilTrue(() => creations() === 5);
	await n8n.restart();
	expect(n8n.log()).toContain('Received SIGTERM');
	await expectAllLogged();
	expect(ids()).toHaveLength(5);
});
