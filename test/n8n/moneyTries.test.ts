import { z } from 'zod';

import type { EmulatedTask } from '../emulator';
import type { Execution, ExecutionError } from '../harness/n8n/api';
import { chain, jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { set, type NodeSettings, type NodeSpec } from '../harness/n8n/workflow';

/** What makes n8n call a node again within one run, and what must not be paid twice then. */

const PRICE = 110;
const RETRIES = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 } as const;

const stage = useStage();

const ids = () => stage.emulator.tasks().map(({ id }) => id);
const creations = () => stage.emulator.count({ route: 'create' });
const charged = () => stage.emulator.account().totalConsumed;

/** Without a callback, and one request after the other, so that what happens is the same each time. */
function creates(
	{ options = {}, ...parameters }: Record<string, unknown> & { options?: object } = {},
	settings: NodeSettings = RETRIES,
): NodeSpec {
	return stage.creates(
		{ callback: 'none', options: { concurrency: 1, ...options }, ...parameters },
		settings,
	);
}

async function runNode(
	node: NodeSpec,
	input: Array<Record<string, unknown>>,
	status?: Execution['status'],
): Promise<Execution> {
	return await stage.run(chain('Tries', input, { Kling: node }), status);
}

async function failure(
	node: NodeSpec,
	input: Array<Record<string, unknown>>,
): Promise<ExecutionError | undefined> {
	return stage.n8n.api.errorOf(await runNode(node, input, 'error'), 'Kling');
}

const outputIds = (execution: Execution) =>
	jsonOf(execution, stage.n8n, 'Kling').map(({ taskId }) => taskId);

/** Each item, told by its number in the prompt, was created and charged once. */
function expectPaidOnce(count: number): void {
	const numbers = stage.emulator
		.tasks()
		.map(({ prompt }: EmulatedTask) => Number(/Number (\d+)/.exec(prompt)?.[1]));
	expect(numbers.sort()).toEqual(Array.from({ length: count }, (_, index) => index));
	expect(charged()).toBe(count * PRICE);
}

describe('Create and Wait that sleeps, with Retry On Fail', () => {
	const sleeping = (prompt: string, settings: NodeSettings = RETRIES): NodeSpec =>
		stage.creates(
			{ operation: 'createAndWait', prompt, options: { concurrency: 1 } },
			{ ...settings },
		);

	const ITEMS = [
		{ number: 0, title: 'cats', prompt: 'Number 0 cats' },
		{ number: 1, title: 'dogs', prompt: 'Number 1 dogs' },
	];

	test.each([
		'=Animate Number {{ $json.number }} {{ $json.title }}, slowly',
		'={{ $json.prompt }}',
	])('creates each video once and wakes with the right ones: %s', async (prompt) => {
		const { emulator, n8n } = stage;
		const { start } = await stage.publish(
			production('Sleeping', ITEMS, { Kling: sleeping(prompt) }),
		);
		const id = await start();
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		expect(emulator.tasks()).toHaveLength(2);
		for (const taskId of ids()) await emulator.complete(taskId);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expectPaidOnce(2);
		expect(creations()).toBe(2);
		expect(outputIds(done)).toEqual(ids());
		const statuses = emulator
			.tasks()
			.flatMap(({ callbacks }) => callbacks.map((one) => one.status));
		expect(statuses).toEqual([200, 200]);
		expect(emulator.tasks().map((task) => task.prompt)).toEqual([
			expect.stringContaining('cats'),
			expect.stringContaining('dogs'),
		]);
	});

	test('pays once for each of three items of which the first is refused, with Continue', async () => {
		const { emulator, n8n } = stage;
		const settings = { ...RETRIES, onError: 'continueRegularOutput' } as const;
		const prompt = '=Number {{ $json.number }}{{ $json.number === 0 ? " [http:402]" : "" }}';
		const { start } = await stage.publish(
			production('First refused', numbered(3), { Kling: sleeping(prompt, settings) }),
		);
		const id = await start();
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		for (const taskId of ids()) await emulator.complete(taskId);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(emulator.tasks().map((task) => task.prompt)).toEqual(['Number 1', 'Number 2']);
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([
			{ error: expect.stringContaining('too few credits') },
			{ taskId: ids()[0], status: 'completed' },
			{ taskId: ids()[1], status: 'completed' },
		]);
	});

	test('pays once for each of three items of which the first fails at once', async () => {
		const { emulator, n8n } = stage;
		const prompt =
			'=Number {{ $json.number }}{{ $json.number === 0 ? " [fail] [pace:1ms] [callback:lost]" : "" }}';
		const { start } = await stage.publish(
			production('First fails', numbered(3), { Kling: sleeping(prompt) }),
		);
		const id = await start();
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		for (const taskId of ids().slice(1)) await emulator.complete(taskId);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(creations()).toBe(3);
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([
			{ taskId: ids()[0], status: 'failed' },
			{ taskId: ids()[1], status: 'completed' },
			{ taskId: ids()[2], status: 'completed' },
		]);
	});
});

test('Wait with Retry On Fail, a task id in another field and a first task that failed goes on', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		production('Other field', numbered(2), {
			Create: stage.creates({ callback: 'execution', options: { concurrency: 1 } }),
			Rename: set({ video: '={{ $json.taskId }}' }, { keepOthers: false }),
			Kling: stage.kling(
				{ operation: 'wait', taskId: '={{ $json.video }}', waitStrategy: 'callback' },
				RETRIES,
			),
		}),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	const [first = '', second = ''] = ids();
	await emulator.fail(first);
	await emulator.complete(second);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling')).toMatchObject([
		{ taskId: first, status: 'failed' },
		{ taskId: second, status: 'completed' },
	]);
});

describe('expressions that give something else at each try', () => {
	const CHANGING = ['{{ $now.toMillis() }}', '{{ Math.random() }}'];

	test.each(CHANGING)('%s: each item is paid once after one was refused', async (changing) => {
		const prompt = `=Number {{ $json.number }}{{ $json.number === 1 ? " [every-second]" : "" }} ${changing}`;
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 1 });
		const execution = await runNode(creates({ prompt }), numbered(3));
		expectPaidOnce(3);
		expect([...outputIds(execution)].sort()).toEqual([...ids()].sort());
		expect(creations()).toBe(4);
	});

	test.each(CHANGING)('%s: what is unclear is not sent again', async (changing) => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:500-after' });
		const error = await failure(creates({ prompt: `=Number {{ $json.number }} ${changing}` }), [
			{ number: 0 },
		]);
		expect(error?.message).toMatch(/may have been charged/);
		expect(error?.description).toMatch(/^An earlier try sent this request/);
		expect([creations(), charged()]).toEqual([1, PRICE]);
	});

	test('an image address that is fresh each time is the same item’s', async () => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 2 });
		const imageUrls = `=${stage.emulator.imageUrl()}?fresh={{ Math.random() }}`;
		await runNode(creates({ prompt: '=Number {{ $json.number }}', imageUrls }), numbered(3));
		expectPaidOnce(3);
	});

	test('Max Credits holds over all tries', async () => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 2 });
		const node = creates({
			prompt: '=Number {{ $json.number }} {{ Math.random() }}',
			options: { maxCredits: 330 },
		});
		await runNode(node, numbered(3));
		expectPaidOnce(3);
	});
});

describe('a second try that cannot go on names the tasks of the first', () => {
	const AFTER_TWO = { match: { method: 'POST' }, fault: 'http:402', skip: 2 } as const;

	test('since an item is unclear', async () => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:500-after', skip: 2 });
		const error = await failure(creates({ prompt: '=Number {{ $json.number }}' }), numbered(4));
		expect(error?.message).toMatch(/may have been charged \(2 of 4 videos were already created\)$/);
		for (const id of ids().slice(0, 2)) expect(error?.description).toContain(id);
		expect(creations()).toBe(3);
	});

	test('since the balance is too low by now', async () => {
		const { emulator } = stage;
		emulator.fault(AFTER_TWO);
		emulator.setBalance(emulator.apiKey, 440);
		// The refusal of the third request costs nothing, so somebody else has to spend.
		emulator.fault({
			match: { path: '/v1/credits' },
			fault: { mutate: { path: 'data.balance', value: 100 } },
			skip: 1,
			times: 'always',
		});
		const error = await failure(
			creates({ prompt: '=Number {{ $json.number }}', options: { checkBalance: true } }),
			numbered(4),
		);
		expect(error?.message).toMatch(
			/^The account has 100 credits, but 2 videos cost .* \(2 of 4 videos were already created\)$/,
		);
		for (const id of ids()) expect(error?.description).toContain(id);
		expect(error?.description).not.toMatch(/nothing was spent/i);
	});

	test('since the balance cannot be read', async () => {
		const { emulator } = stage;
		emulator.fault(AFTER_TWO);
		emulator.fault({ match: { path: '/v1/credits' }, fault: 'http:401', skip: 1, times: 'always' });
		const error = await failure(
			creates({ prompt: '=Number {{ $json.number }}', options: { checkBalance: true } }),
			numbered(4),
		);
		expect(error?.message).toMatch(/\(2 of 4 videos were already created\)$/);
		for (const id of ids()) expect(error?.description).toContain(id);
	});
});

describe('n8n calls no node again for what is no failure', () => {
	test('Create, with Retry On Fail, runs once', async () => {
		await runNode(creates({ prompt: '=Number {{ $json.number }}' }), numbered(2));
		expectPaidOnce(2);
		expect(creations()).toBe(2);
	});

	test.each(['complete', 'fail'] as const)(
		'Get Video reads a task once that was let %s',
		async (end) => {
			const { emulator } = stage;
			await runNode(creates({ prompt: 'Number 0' }), [{}]);
			const [taskId = ''] = ids();
			await emulator[end](taskId);
			const read = stage.kling({ operation: 'getTask', taskId: '={{ $json.id }}' }, RETRIES);
			const execution = await runNode(read, [{ id: taskId }]);
			expect(jsonOf(execution, stage.n8n, 'Kling')).toMatchObject([{ taskId }]);
			expect(emulator.task(taskId).reads).toBe(1);
		},
	);
});

describe('settings that cannot be evaluated are found before anything is paid', () => {
	const BROKEN = { simplify: '={{ $json.number === 1 ? $json.missing.value : true }}' };
	const waiting = { operation: 'createAndWait', prompt: '=Number {{ $json.number }}' };

	test('they end the run', async () => {
		const error = await failure(creates({ ...waiting, ...BROKEN }), numbered(2));
		expect(error?.message).toMatch(/Simplify|undefined|value/);
		expect(error?.description ?? '').not.toMatch(/created so far/);
		expect(creations()).toBe(0);
	});

	test('with Continue they cost the item alone, with its own index', async () => {
		const { n8n } = stage;
		const node = creates(
			{
				...waiting,
				...BROKEN,
				prompt: '=Number {{ $json.number }} [pace:50ms]',
				waitStrategy: 'poll',
				options: { pollInterval: 2 },
			},
			{ onError: 'continueRegularOutput' },
		);
		const execution = await runNode(node, numbered(3));
		const [first, second, third] = jsonOf(execution, n8n, 'Kling');
		expect([first?.taskId, third?.taskId]).toEqual(ids());
		expect(second?.error).toEqual(expect.any(String));
		expect(charged()).toBe(2 * PRICE);
	});

	test.each(['={{ $json.limit }}', '={{ undefined }}', '={{ null }}'])(
		'Max Credits set to %s is refused',
		async (maxCredits) => {
			const error = await failure(creates({ options: { maxCredits } }), numbered(2));
			expect(error?.message).toMatch(/^'Max Credits' /);
			expect(error?.description).toMatch(/^Nothing was spent\./);
			expect(stage.emulator.requests).toEqual([]);
		},
	);
});

describe('each id is in n8n’s log', () => {
	test('on a line of its own, with workflow, execution and item', async () => {
		const execution = await runNode(creates({ prompt: '=Number {{ $json.number }}' }), numbered(2));
		const lines = await until(() => {
			const found = stage.n8n
				.log()
				.split('\n')
				.filter((line) => ids().some((id) => line.includes(id)));
			return found.length >= 2 ? found : undefined;
		});
		for (const [item, id] of ids().entries()) {
			expect(lines[item]).toContain(
				`Kling video created: task ${id} (workflow ${execution.workflowId}, execution ${execution.id}, node “Kling”, item ${item})`,
			);
		}
	});
});

test('Retry execution reuses tasks whose request is unchanged, in whichever n8n', async () => {
	const { api } = stage.n8n;
	const { start } = await stage.publish(
		production('Retried', numbered(3), {
			Kling: creates(
				{ prompt: '=Number {{ $json.number }}{{ $json.number === 2 ? " [http:402=1]" : "" }}' },
				{},
			),
		}),
	);
	const failed = await api.waitForExecution(await start(), { status: 'error' });
	expect(charged()).toBe(2 * PRICE);
	const retried = await api.waitForExecution(await api.retryExecution(failed.id), {
		status: 'success',
	});
	expectPaidOnce(3);
	expect(z.array(z.string()).parse(outputIds(retried))).toEqual(ids());
});
