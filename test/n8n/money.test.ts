import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import type { EmulatedTask } from '../emulator';
import type { Execution, ExecutionError } from '../harness/n8n/api';
import {
	items,
	manualTrigger,
	workflow,
	type NodeSettings,
	type NodeSpec,
} from '../harness/n8n/workflow';
import { chain, jsonOf, numbered, production } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

/** Nothing else looks like it, so that it can be searched for. */
const SECRET = '7Qv3-recognisable-2mZx';
const KEY = `sk-${SECRET}`;
const BALANCE = 10_000;
const PRICE = 110;

const RETRIES = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 } as const;

const stage = useStage({
	n8n: { env: { N8N_LOG_LEVEL: 'debug' } },
});
let credential: string;

beforeAll(async () => {
	credential = await storeKey(KEY);
});

beforeEach(() => {
	stage.emulator.setBalance(KEY, BALANCE);
});

async function storeKey(apiKey: string): Promise<string> {
	return await stage.n8n.api.createCredential({
		name: 'AI Video API',
		type: 'aiVideoApi',
		data: { apiKey, baseUrl: stage.emulator.url },
	});
}

/** A Create that sends one request after the other, so that what happens is the same each time. */
function creates(
	parameters: Record<string, unknown> = {},
	settings: NodeSettings = {},
	credentialId = credential,
): NodeSpec {
	const { options, ...others } = z
		.object({ options: z.record(z.unknown()).default({}) })
		.passthrough()
		.parse(parameters);
	return {
		...stage.creates(
			{
				callback: 'none',
				prompt: '=Number {{ $json.number }}',
				options: { concurrency: 1, ...options },
				...others,
			},
			settings,
		),
		credentials: { aiVideoApi: { id: credentialId, name: 'AI Video API' } },
	};
}

/** The prompts of numbered items, one of which carries a marker. */
function marked(number: number, marker: string): string {
	return `=Number {{ $json.number }}{{ $json.number === ${number} ? " ${marker}" : "" }}`;
}

async function runNode(
	node: NodeSpec,
	count: number,
	status?: Execution['status'],
): Promise<Execution> {
	return await stage.run(chain('Money', numbered(count), { Kling: node }), status);
}

async function failure(node: NodeSpec, count: number): Promise<ExecutionError | undefined> {
	return stage.n8n.api.errorOf(await runNode(node, count, 'error'), 'Kling');
}

function outputIds(execution: Execution): string[] {
	return jsonOf(execution, stage.n8n, 'Kling').map((item) => z.string().parse(item.taskId));
}

/** The tasks that exist, in order of creation. */
function taskIds(): string[] {
	return stage.emulator.tasks().map(({ id }) => id);
}

function creations(): number {
	return stage.emulator.count({ route: 'create' });
}

/** The ledger: these numbers were each created and charged exactly once, in this order. */
function expectPaid(...numbers: number[]): void {
	const { emulator } = stage;
	const numberOf = ({ prompt }: EmulatedTask) => Number(/^Number (\d+)/.exec(prompt)?.[1]);
	expect(emulator.tasks().map(numberOf)).toEqual(numbers);
	expect(BALANCE - emulator.account(KEY).balance).toBe(PRICE * numbers.length);
}

/** The title says how many of the run's videos there are already, the description which. */
function expectCreatedNamed(error: ExecutionError | undefined, items: number): void {
	const ids = taskIds();
	const verb = ids.length === 1 ? 'was' : 'were';
	expect(error?.message).toContain(`(${ids.length} of ${items} videos ${verb} already created)`);
	expect(error?.description).toContain(`created so far: ${ids.join(', ')}.`);
	expect(error?.description).toMatch(/use Retry on this execution.*Wait for Video/);
}

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await delay(50);
}

const MAY_EXIST = /task may exist and may have been charged.*dashboard/;

describe('Retry On Fail', () => {
	test.each(['402', '400', '401', '404', '429-spend'])(
		'pays once for each item after one was refused with %s',
		async (refusal) => {
			const node = creates({ prompt: marked(2, `[http:${refusal}=1]`) }, RETRIES);
			const execution = await runNode(node, 4);
			expectPaid(0, 1, 2, 3);
			expect(outputIds(execution)).toEqual(taskIds());
			expect(creations()).toBe(5);
		},
	);

	test('pays once for each item when several are under way at once', async () => {
		const node = creates(
			{ prompt: marked(3, '[http:402=2]'), options: { concurrency: 5 } },
			RETRIES,
		);
		const execution = await runNode(node, 8);
		expect([...outputIds(execution)].sort()).toEqual([...taskIds()].sort());
		expect(new Set(stage.emulator.tasks().map(({ prompt }) => prompt)).size).toBe(8);
		expect(stage.emulator.account(KEY).totalConsumed).toBe(8 * PRICE);
		expect(creations()).toBe(10);
	});

	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'pays once for each item with %s, where n8n tries again as its first item failed',
		async (onError) => {
			const node = creates({ prompt: marked(0, '[http:402=1]') }, { ...RETRIES, onError });
			const execution = await runNode(node, 3);
			expectPaid(1, 2, 0);
			const [second, third, first] = taskIds();
			expect(outputIds(execution)).toEqual([first, second, third]);
			expect(creations()).toBe(4);
		},
	);

	test.each(['reset-after', 'http:500-after', 'empty-body', 'not-json', 'cut-body'] as const)(
		'sends an item once whose outcome is unclear: %s',
		async (fault) => {
			stage.emulator.fault({ match: { method: 'POST' }, fault, times: 'always' });
			const error = await failure(creates({}, RETRIES), 1);
			expect(error?.name).toBe('NodeApiError');
			expect(error?.message).toMatch(/unclear whether|without naming a task/);
			expect(error?.description).toMatch(MAY_EXIST);
			expect(creations()).toBe(1);
			expectPaid(0);
		},
	);

	test('names what it created before an unclear outcome, and creates no more', async () => {
		const node = creates({ prompt: marked(1, '[http:500=1]') }, RETRIES);
		const error = await failure(node, 3);
		expectCreatedNamed(error, 3);
		expect(error?.description).toMatch(MAY_EXIST);
		expectPaid(0);
		expect(creations()).toBe(2);
	});

	test('sends an unclear item once with Continue, and all others once', async () => {
		const node = creates(
			{ prompt: marked(0, '[fault:reset-after=1]') },
			{ ...RETRIES, onError: 'continueRegularOutput' },
		);
		const execution = await runNode(node, 3);
		expectPaid(0, 1, 2);
		const [unclear, ...created] = jsonOf(execution, stage.n8n, 'Kling');
		expect(unclear?.error).toMatch(/unclear whether/);
		expect(created.map((item) => item.taskId)).toEqual(taskIds().slice(1));
		expect(creations()).toBe(3);
	});

	test('does not run again for a task that failed: n8n must not take it for a failed try', async () => {
		const node = creates(
			{
				operation: 'createAndWait',
				waitStrategy: 'poll',
				prompt: 'Number 0 [fail] [pace:100ms]',
				options: { pollInterval: 2 },
			},
			RETRIES,
		);
		const execution = await runNode(node, 1);
		expect(jsonOf(execution, stage.n8n, 'Kling')).toMatchObject([
			{ taskId: taskIds()[0], status: 'failed' },
		]);
		expect(creations()).toBe(1);
		// Before it failed, and after.
		expect(stage.emulator.count({ route: 'getTask' })).toBeLessThanOrEqual(2);
		expect(stage.emulator.account(KEY).balance).toBe(BALANCE);
	});
});

describe('the two 429s', () => {
	test('too many requests: the request waits, is sent again and charged once', async () => {
		const node = creates({ prompt: marked(1, '[http:429-rate=1] [retry-after:1]') });
		const execution = await runNode(node, 3);
		expectPaid(0, 1, 2);
		expect(outputIds(execution)).toEqual(taskIds());
		expect(creations()).toBe(4);
	});

	test('the spending limit: one request for many items, and the reason', async () => {
		const limited = await storeKey('sk-spend-limit');
		const error = await failure(creates({}, {}, limited), 12);
		expect(error).toMatchObject({
			message: 'The spending limit of the key is reached',
			httpCode: '429',
		});
		expect(creations()).toBe(1);

		const execution = await runNode(creates({}, { onError: 'continueRegularOutput' }, limited), 12);
		const refused = jsonOf(execution, stage.n8n, 'Kling').map((item) => item.error);
		expect(refused).toEqual(Array(12).fill('The spending limit of the key is reached'));
		expect(creations()).toBe(2);
	});

	test('the spending limit ends a run at what was under way at that moment', async () => {
		const limited = await storeKey('sk-spend-limit');
		await failure(creates({ options: { concurrency: 5 } }, {}, limited), 30);
		expect(creations()).toBeLessThanOrEqual(5);
	});
});

describe('Retry execution, from the list of executions,', () => {
	test.each([{ loadWorkflow: true }, { loadWorkflow: false }])(
		'pays only for what the failed one did not create: %o',
		async (how) => {
			const { api } = stage.n8n;
			const { start } = await stage.publish(
				production('Half-way', numbered(4), {
					Kling: creates({ prompt: marked(2, '[http:402=1]') }),
				}),
			);
			const failed = await api.waitForExecution(await start(), { status: 'error' });
			expectPaid(0, 1);
			expectCreatedNamed(api.errorOf(failed, 'Kling'), 4);
			const retried = await api.waitForExecution(await api.retryExecution(failed.id, how), {
				status: 'success',
			});
			expectPaid(0, 1, 2, 3);
			expect(outputIds(retried)).toEqual(taskIds());
			expect(creations()).toBe(5);
		},
	);

	test('sends an item again whose outcome was unclear, for the user has looked', async () => {
		const { api } = stage.n8n;
		const { start } = await stage.publish(
			production('Unclear', numbered(2), {
				Kling: creates({ prompt: marked(1, '[fault:reset=1]') }, RETRIES),
			}),
		);
		const failed = await api.waitForExecution(await start(), { status: 'error' });
		expect(creations()).toBe(2);
		const retried = await api.waitForExecution(await api.retryExecution(failed.id), {
			status: 'success',
		});
		expectPaid(0, 1);
		expect(outputIds(retried)).toEqual(taskIds());
	});

	test('waits for what both created: by looking, since their callbacks are for two executions', async () => {
		const { emulator, n8n } = stage;
		const { start } = await stage.publish(
			production('Both', numbered(2), {
				Kling: creates({
					operation: 'createAndWait',
					prompt: marked(1, '[http:402=1]'),
					options: { pollInterval: 2 },
				}),
			}),
		);
		const failed = await n8n.api.waitForExecution(await start(), { status: 'error' });
		const retry = await n8n.api.retryExecution(failed.id);
		await until(() => emulator.count({ route: 'getTask' }) >= 2);
		for (const id of taskIds()) await emulator.complete(id);
		const done = await n8n.api.waitForExecution(retry, { status: 'success' });
		expectPaid(0, 1);
		expect(outputIds(done)).toEqual(taskIds());
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([
			{ status: 'completed', timedOut: false },
			{ status: 'completed', timedOut: false },
		]);
	});

	test('in a loop’s second turn pays for what that turn still lacks', async () => {
		const { api } = stage.n8n;
		const failed = await stage.run(
			loop(numbered(4), 2, creates({ prompt: marked(3, '[http:402=1]') })),
			'error',
		);
		expectPaid(0, 1, 2);
		const retried = await api.waitForExecution(await api.retryExecution(failed.id), {
			status: 'success',
		});
		expectPaid(0, 1, 2, 3);
		expect(jsonOf(retried, stage.n8n, 'Loop').map((item) => item.taskId)).toEqual(taskIds());
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

describe('a node that is deliberately run again creates anew', () => {
	test('in a loop’s next turn, even with the same request and tries that failed', async () => {
		const same = Array.from({ length: 3 }, () => ({ number: 0 }));
		const node = creates({ prompt: 'Number 0 [http:402=1]' }, RETRIES);
		const execution = await stage.run(loop(same, 1, node));
		expectPaid(0, 0, 0);
		expect(jsonOf(execution, stage.n8n, 'Loop').map((item) => item.taskId)).toEqual(taskIds());
		expect(creations()).toBe(4);
	});

	test('in a second execution', async () => {
		const { start } = await stage.publish(
			production('Twice', numbered(2), { Kling: creates({}, RETRIES) }),
		);
		const ids: string[] = [];
		while (ids.length < 4) {
			ids.push(...outputIds(await stage.n8n.api.waitForExecution(await start())));
		}
		expectPaid(0, 1, 0, 1);
		expect(ids).toEqual(taskIds());
	});

	test('when the editor executes the workflow, and then the step, once more', async () => {
		const { api } = stage.n8n;
		const { id } = await api.createWorkflow(
			chain('By hand', numbered(1), { Kling: creates({}, RETRIES) }),
		);
		for (const run of [{}, {}, { destinationNode: 'Kling' }]) {
			await api.waitForExecution(await api.runWorkflow(id, run), { status: 'success' });
		}
		expectPaid(0, 0, 0);
	});

	test('when the editor executes the step on the data that the run before it left', async () => {
		const { api } = stage.n8n;
		const json = chain('Step', numbered(2), { Kling: creates() });
		// As the editor saves it: n8n cannot execute a step of a workflow without it.
		const { id } = await api.createWorkflow({ ...json, pinData: {} });
		const before = await api.waitForExecution(await api.runWorkflow(id));
		const step = await api.runWorkflow(id, { destinationNode: 'Kling', after: before });
		const again = await api.waitForExecution(step);
		expectPaid(0, 1, 0, 1);
		expect([before, again].flatMap(outputIds)).toEqual(taskIds());
	});
});

describe('nothing is spent before all is known to be right', () => {
	test.each(['create', 'createAndWait'])(
		'Max Credits refuses the whole run: %s',
		async (operation) => {
			const node = creates({ operation, options: { maxCredits: 300 } });
			const error = await failure(node, 3);
			expect(error).toMatchObject({
				name: 'NodeOperationError',
				message:
					"'Max Credits' is 300, but 3 videos cost an estimated 330 credits (about US$ 1.65) [item 0]",
				description: expect.stringContaining('Nothing was spent.'),
			});
			expect(stage.emulator.requests).toEqual([]);
		},
	);

	test('Max Credits lets a run through that costs just that much', async () => {
		await runNode(creates({ options: { maxCredits: 330 } }), 3);
		expectPaid(0, 1, 2);
	});

	test('Max Credits counts only what a second try still has to create', async () => {
		const node = creates(
			{ prompt: marked(2, '[http:402=1]'), options: { maxCredits: 330 } },
			RETRIES,
		);
		await runNode(node, 3);
		expectPaid(0, 1, 2);
	});

	test('Check Balance reads it once, and refuses the whole run', async () => {
		const { emulator } = stage;
		emulator.setBalance(KEY, 250);
		const error = await failure(creates({ options: { checkBalance: true } }), 3);
		expect(error?.message).toBe(
			'The account has 250 credits, but 3 videos cost an estimated 330 credits (about US$ 1.65)',
		);
		expect(emulator.requests.map(({ route }) => route)).toEqual(['getCredits']);
	});

	test('Check Balance lets a run through that the account can pay', async () => {
		stage.emulator.setBalance(KEY, 330);
		await runNode(creates({ options: { checkBalance: true } }), 3);
		expect(stage.emulator.account(KEY).balance).toBe(0);
	});

	const LAST_IS_WRONG = { duration: '={{ $json.number === 2 ? 6 : 5 }}' };

	test('all items are checked before the first create', async () => {
		const error = await failure(creates(LAST_IS_WRONG), 3);
		expect(error?.message).toBe("'Duration' is 6, which is neither 5 nor 10 [item 2]");
		expect(stage.emulator.requests).toEqual([]);
	});

	test('with Continue the items that are right are created all the same', async () => {
		const node = creates(LAST_IS_WRONG, { onError: 'continueRegularOutput' });
		const execution = await runNode(node, 3);
		expectPaid(0, 1);
		expect(jsonOf(execution, stage.n8n, 'Kling')[2]?.error).toMatch(
			/^'Duration' is .* \[item 2\]$/,
		);
	});
});

describe('a run that does not get to its end', () => {
	test.each(['create', 'createAndWait'])('names the tasks it created: %s', async (operation) => {
		const node = creates({ operation, prompt: marked(2, '[http:503]') });
		const error = await failure(node, 4);
		expectPaid(0, 1);
		expectCreatedNamed(error, 4);
		expect(error?.httpCode).toBe('503');
	});

	test('creates nothing more once it was cancelled, not even with Retry On Fail', async () => {
		const { emulator, n8n } = stage;
		emulator.fault({ match: { method: 'POST' }, fault: { delay: 1_500 }, times: 'always' });
		const { id } = await n8n.api.createWorkflow(
			chain('Cancelled', numbered(6), { Kling: creates({}, RETRIES) }),
		);
		const execution = await n8n.api.runWorkflow(id);
		await until(() => creations() === 2);
		await n8n.api.stopExecution(execution);
		await n8n.api.waitForExecution(execution, { status: 'canceled' });
		await delay(2_000);
		expect(creations()).toBe(2);
		await delay(3_000);
		expect(creations()).toBe(2);
		expectPaid(0, 1);
	});
});

test('a run of several items says what it cost in all, and each item its share', async () => {
	const execution = await runNode(creates({ sound: '={{ $json.number === 0 }}' }), 3);
	expect(stage.n8n.api.hintsOf(execution, 'Kling').map(({ message }) => message)).toEqual([
		'3 videos for an estimated 440 credits (about US$ 2.20) in all.',
	]);
	expect(jsonOf(execution, stage.n8n, 'Kling').map((item) => item.estimatedCredits)).toEqual([
		220, 110, 110,
	]);
	expect(stage.emulator.account(KEY).totalConsumed).toBe(440);
});

describe('the key, after all of this,', () => {
	/** Every file of n8n's own folder, the database and its journal among them. */
	const storedFiles = () => {
		const folder = join(stage.n8n.userFolder, '.n8n');
		return readdirSync(folder, { withFileTypes: true, recursive: true })
			.filter((entry) => entry.isFile())
			.map((entry) => join(entry.parentPath, entry.name))
			.filter((path) => !path.includes('node_modules'));
	};

	const filesWith = (text: string) =>
		storedFiles().filter((path) => readFileSync(path).includes(text));

	test('is in no file of n8n, where it is stored only encrypted', async () => {
		await runNode(creates({ prompt: 'A prompt that is found' }), 1);
		expect(filesWith('A prompt that is found').join()).toMatch(/database\.sqlite/);
		expect(filesWith(SECRET)).toEqual([]);
		expect(filesWith(Buffer.from(KEY).toString('base64').slice(0, -4))).toEqual([]);
	});

	test('is in nothing that n8n printed, not even with its debug log', () => {
		expect(stage.n8n.log()).toMatch(/debug.*Running node/s);
		expect(stage.n8n.log()).not.toContain(SECRET);
	});

	test('is in no execution’s data, nor in its errors', async () => {
		const { api } = stage.n8n;
		const executions = await api.listExecutions();
		expect(executions.length).toBeGreaterThan(0);
		for (const { id } of executions) {
			expect(JSON.stringify(await api.getExecution(id))).not.toContain(SECRET);
		}
	});
});
