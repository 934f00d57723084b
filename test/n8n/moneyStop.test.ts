import { chain, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import {
	RETRIES,
	type NodeSettings,
	type NodeSpec,
	type WorkflowJson,
} from '../harness/n8n/workflow';

/** Runs that somebody or something ends: no id of a task that was paid for may be lost. */

const PRICE = 110;

const stage = useStage();

const ids = () => stage.emulator.tasks().map(({ id }) => id);
const creations = () => stage.emulator.count({ route: 'create' });
const answered = () => stage.emulator.count({ route: 'create', status: 200 });

function creates(parameters: Record<string, unknown> = {}, settings: NodeSettings = {}): NodeSpec {
	return stage.creates(
		{
			callback: 'none',
			prompt: '=Number {{ $json.number }}',
			options: { concurrency: 5 },
			...parameters,
		},
		settings,
	);
}

const polls = (settings: NodeSettings = {}) =>
	creates({ operation: 'createAndWait', waitStrategy: 'poll' }, settings);

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
		const json = production('Timed out, then retried', numbered(3), { Kling: polls() });
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
	await startByHand(chain('Shut down', numbered(5), { Kling: creates() }));
	await untilTrue(() => creations() === 5);
	await n8n.restart();
	expect(n8n.log()).toContain('Received SIGTERM');
	await expectAllLogged();
	expect(ids()).toHaveLength(5);
});
