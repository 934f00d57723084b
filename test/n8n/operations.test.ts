import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import type { Execution, ExecutionError } from '../harness/n8n/api';
import type { NodeSpec } from '../harness/n8n/workflow';
import { n8nVersion } from '../harness/n8n/runtime';
import { chain, jsonOf, numbered } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const UNKNOWN_TASK = '3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d';

const stage = useStage({ emulator: { paceMs: 300 } });

afterEach(async () => {
	await stage.emulator.goOnline();
});

/** Items that differ in their number, through one node. */
async function runNode(
	node: NodeSpec,
	{ count = 1, status }: { count?: number; status?: Execution['status'] } = {},
): Promise<Execution> {
	return await stage.run(chain('Operation', numbered(count), { Kling: node }), status);
}

/** The only item of a run of one item. */
async function oneItem(node: NodeSpec): Promise<Record<string, unknown>> {
	const list = jsonOf(await runNode(node), stage.n8n, 'Kling');
	expect(list).toHaveLength(1);
	return list[0] ?? {};
}

async function failure(node: NodeSpec, count = 1): Promise<ExecutionError | undefined> {
	return stage.n8n.api.errorOf(await runNode(node, { count, status: 'error' }), 'Kling');
}

function pairs(execution: Execution, output = 0): unknown[] {
	return stage.n8n.api.outputOf(execution, 'Kling', { output }).map((item) => item.pairedItem);
}

/** A Create and Wait that looks at the task as often as it may. */
function createsAndPolls(
	parameters: Record<string, unknown> = {},
	options: Record<string, unknown> = {},
): NodeSpec {
	return stage.creates({
		operation: 'createAndWait',
		waitStrategy: 'poll',
		options: { pollInterval: 2, ...options },
		...parameters,
	});
}

/** The id of a task that is under way already. */
async function taskId(parameters: Record<string, unknown> = {}): Promise<string> {
	const { taskId: id } = await oneItem(stage.creates({ callback: 'none', ...parameters }));
	return z.string().parse(id);
}

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await delay(50);
}

const ISO_DATE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

const NOT_FINISHED = {
	model: 'kling-2.6',
	videoUrl: null,
	videoUrls: [],
	progress: null,
	completedAt: null,
	generationSeconds: null,
	failure: null,
};

describe('the credential', () => {
	const testOf = async (apiKey: string) =>
		await stage.n8n.api.testCredential({
			type: 'aiVideoApi',
			data: { apiKey, baseUrl: `${stage.emulator.url}/` },
		});

	test('is found good when the key works, at no cost', async () => {
		expect(await stage.n8n.api.testCredential(stage.credential)).toMatchObject({ status: 'OK' });
		expect(await testOf(stage.emulator.apiKey)).toMatchObject({ status: 'OK' });
		expect(stage.emulator.requests.map(({ route }) => route)).toEqual(['getCredits', 'getCredits']);
	});

	test.each([
		['a disabled key', 'sk-disabled', /refused the key \(401\)/, /^Authorization failed/],
		['no key of the service', 'not-a-key', /refused the key \(401\)/, /^Authorization failed/],
		['a blocked address', 'sk-blocked-ip', /not be used from this address \(403\)/, /^Forbidden/],
	])('names the cause for %s', async (_, key, cause, causeByOldN8n) => {
		expect(await testOf(key)).toEqual({
			status: 'Error',
			// n8n 2.0 drops the answer before it looks for a credential's own texts, and gives its own.
			message: expect.stringMatching(n8nVersion() === '2.0.0' ? causeByOldN8n : cause),
		});
		expect(stage.emulator.count({ route: 'create' })).toBe(0);
	});
});

describe('n8n loads', () => {
	const descriptionSchema = z.object({
		displayName: z.string(),
		credentials: z.array(z.object({ name: z.string() })),
		properties: z.array(
			z.object({ name: z.string(), options: z.array(z.object({ value: z.unknown() })).optional() }),
		),
		outputs: z.array(z.string()),
	});

	const description = async (name: string) => {
		const full = `n8n-nodes-aivideoapi-kling.${name}`;
		const types = await stage.n8n.api.nodeTypes();
		return descriptionSchema.parse(types.find((type) => type.name === full));
	};

	test('the node with its five operations, and the trigger, with their credential', async () => {
		const kling = await description('kling');
		const operations = kling.properties.find(({ name }) => name === 'operation')?.options;
		expect(operations?.map(({ value }) => value).sort()).toEqual([
			// n8n's own “Custom API Call”, which it adds wherever there is a credential.
			'__CUSTOM_API_CALL__',
			'create',
			'createAndWait',
			'getCredits',
			'getTask',
			'wait',
		]);
		const trigger = await description('klingTrigger');
		expect([kling, trigger].map(({ displayName }) => displayName)).toEqual([
			'Kling',
			'Kling Trigger',
		]);
		for (const { credentials } of [kling, trigger]) {
			expect(credentials.map(({ name }) => name)).toEqual(['aiVideoApi']);
		}
	});

	test('the node as a tool of an AI Agent, but not the trigger', async () => {
		expect((await description('klingTool')).outputs).toEqual(['ai_tool']);
		await expect(description('klingTriggerTool')).rejects.toThrow();
	});
});

describe('each operation', () => {
	test('Create passes the new task on at once', async () => {
		const { emulator } = stage;
		const item = await oneItem(stage.creates({ callback: 'none', duration: 10, sound: true }));
		expect(item).toEqual({
			...NOT_FINISHED,
			taskId: emulator.tasks()[0]?.id,
			status: 'pending',
			createdAt: null,
			estimatedCredits: 440,
			duration: 10,
			sound: true,
			callback: 'none',
			callbackUrl: null,
		});
		expect(emulator.requests.map(({ route }) => route)).toEqual(['create']);
		expect(emulator.account().totalConsumed).toBe(440);
	});

	test('Create and Wait gives the video', async () => {
		const item = await oneItem(createsAndPolls());
		expect(item).toEqual({
			taskId: UUID,
			status: 'completed',
			model: 'kling-2.6',
			videoUrl: expect.stringMatching(/^http:.*\.mp4$/),
			videoUrls: [item.videoUrl],
			progress: null,
			createdAt: ISO_DATE,
			completedAt: ISO_DATE,
			generationSeconds: expect.any(Number),
			failure: null,
			estimatedCredits: 110,
			duration: 5,
			sound: false,
			callback: 'none',
			callbackUrl: null,
			timedOut: false,
		});
	});

	test('Get Task gives the task as it is now', async () => {
		stage.emulator.setPace(Infinity);
		const id = await taskId();
		const task = stage.kling({ operation: 'getTask', taskId: id });
		expect(await oneItem(task)).toEqual({
			...NOT_FINISHED,
			taskId: id,
			status: expect.stringMatching(/^(pending|processing)$/),
			createdAt: ISO_DATE,
		});
		await stage.emulator.complete(id);
		expect(await oneItem(task)).toMatchObject({ taskId: id, status: 'completed' });
	});

	test('Wait takes the task id from its input and gives the finished task', async () => {
		const execution = await stage.run(
			chain('Create, then Wait by polling', numbered(1), {
				Create: stage.creates({ callback: 'none' }),
				Kling: stage.kling({
					operation: 'wait',
					waitStrategy: 'poll',
					options: { pollInterval: 2 },
				}),
			}),
		);
		const [waited] = jsonOf(execution, stage.n8n, 'Kling');
		const [created] = jsonOf(execution, stage.n8n, 'Create');
		expect(waited).toMatchObject({
			taskId: created?.taskId,
			status: 'completed',
			timedOut: false,
		});
		expect(waited).not.toHaveProperty('estimatedCredits');
	});

	test('Get Credits reads the account once, however many items come in', async () => {
		const execution = await runNode(stage.kling({ operation: 'getCredits' }), { count: 3 });
		expect(jsonOf(execution, stage.n8n, 'Kling')).toEqual([
			{ balance: 10_000, totalPurchased: 10_000, totalConsumed: 0 },
		]);
		expect(stage.emulator.count()).toBe(1);
	});

	test('without Simplify the API’s own object comes out, untouched', async () => {
		const raw = {
			id: UUID,
			status: 'completed',
			model: 'kling-2.6',
			created_at: expect.any(Number),
			completed_at: expect.any(Number),
			output: { urls: [expect.any(String)], metadata: expect.any(Object) },
		};
		const waited = await oneItem(createsAndPolls({ simplify: false }));
		expect(waited).toMatchObject(raw);
		const read = stage.kling({ operation: 'getTask', taskId: waited.id, simplify: false });
		expect(await oneItem(read)).toEqual(waited);
	});
});

describe('several items', () => {
	test('come out paired and in their order, whichever is answered first', async () => {
		const { emulator, n8n } = stage;
		emulator.fault({ match: { method: 'POST' }, fault: { delay: 600 } });
		const execution = await runNode(
			createsAndPolls({ prompt: '=Number {{ $json.number }}', duration: '={{ 5 }}' }),
			{ count: 4 },
		);
		const prompts = jsonOf(execution, n8n, 'Kling').map(
			(item) => emulator.task(z.string().parse(item.taskId)).prompt,
		);
		expect(prompts).toEqual(['Number 0', 'Number 1', 'Number 2', 'Number 3']);
		expect(pairs(execution)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }, { item: 3 }]);
	});

	const ONE_REFUSED = {
		callback: 'none',
		prompt: '=Number {{ $json.number }}{{ $json.number === 1 ? " [http:402]" : "" }}',
		options: { concurrency: 1 },
	};
	const TOO_FEW = 'The account has too few credits for this video';
	const TOP_UP = expect.stringMatching(/^Top up under Dashboard > Billing.*The API says: “/);

	test('one that fails stops the run and says why', async () => {
		const error = await failure(stage.creates(ONE_REFUSED), 3);
		const [created] = stage.emulator.tasks();
		expect(error).toMatchObject({
			name: 'NodeApiError',
			message: `${TOO_FEW} (1 of 3 videos was already created)`,
			description: expect.stringContaining(`The task created so far: ${created?.id}.`),
			httpCode: '402',
			context: { itemIndex: 1 },
		});
		expect(stage.emulator.tasks()).toHaveLength(1);
	});

	test('one that fails becomes an error item when the node continues', async () => {
		const execution = await runNode(
			stage.creates(ONE_REFUSED, { onError: 'continueRegularOutput' }),
			{ count: 3 },
		);
		expect(jsonOf(execution, stage.n8n, 'Kling')).toEqual([
			expect.objectContaining({ taskId: UUID }),
			{ error: TOO_FEW, details: { description: TOP_UP, httpCode: '402', taskId: null } },
			expect.objectContaining({ taskId: UUID }),
		]);
		expect(pairs(execution)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});

	test('one that fails leaves by the error output with its input, when it has one', async () => {
		const execution = await runNode(
			stage.creates(ONE_REFUSED, { onError: 'continueErrorOutput' }),
			{ count: 3 },
		);
		expect(pairs(execution)).toEqual([{ item: 0 }, { item: 2 }]);
		expect(jsonOf(execution, stage.n8n, 'Kling', 1)).toEqual([
			{ number: 1, error: TOO_FEW, message: TOP_UP },
		]);
		expect(pairs(execution, 1)).toEqual([{ item: 1 }]);
	});

	test('all fail alike when the node continues and the key is refused', async () => {
		const { api } = stage.n8n;
		const credential = await api.createCredential({
			name: 'Disabled',
			type: 'aiVideoApi',
			data: { apiKey: 'sk-disabled', baseUrl: stage.emulator.url },
		});
		const node = stage.creates({ callback: 'none' }, { onError: 'continueRegularOutput' });
		const execution = await runNode(
			{ ...node, credentials: { aiVideoApi: { id: credential, name: 'Disabled' } } },
			{ count: 3 },
		);
		const refused = expect.objectContaining({ error: 'The AI Video API refused the key' });
		expect(jsonOf(execution, stage.n8n, 'Kling')).toEqual([refused, refused, refused]);
	});
});

describe('bad input is refused before anything is sent', () => {
	const WRONG: Array<[string, Record<string, unknown>, string]> = [
		['a prompt of blanks', { prompt: '={{ " " }}' }, "'Prompt' is empty [item 0]"],
		[
			'a prompt that is too long',
			{ prompt: '={{ "🎬".repeat(2501) }}' },
			"'Prompt' has 2501 characters, and at most 2500 are allowed [item 0]",
		],
		['no image', { imageUrls: '={{ [] }}' }, "'Image URLs' is empty [item 0]"],
		[
			'a file as an image',
			{ imageUrls: 'file:///cat.jpg' },
			"'Image URLs' is “file:///cat.jpg”, not an http(s) address [item 0]",
		],
		['7 seconds', { duration: '={{ 7 }}' }, "'Duration' is 7, which is neither 5 nor 10 [item 0]"],
		[
			'a task id that is none',
			{ operation: 'getTask', taskId: '../credits' },
			"'Task ID' is “../credits”, not a task ID [item 0]",
		],
		[
			'an input without a task id',
			{ operation: 'wait', taskId: '={{ $json.taskId }}' },
			"'Task ID' is empty [item 0]",
		],
	];

	test.each(WRONG)('%s', async (_, parameters, message) => {
		const error = await failure(stage.creates({ callback: 'none', ...parameters }));
		expect(error).toMatchObject({ name: 'NodeOperationError', message });
		expect(error?.description).toEqual(expect.any(String));
		expect(stage.emulator.requests).toEqual([]);
	});

	test('no credential', async () => {
		const node = { ...stage.creates({ callback: 'none' }), credentials: undefined };
		const execution = await runNode(node, { status: 'error' });
		expect(execution.data.resultData.error?.message).toMatch(/credential/i);
		expect(stage.emulator.requests).toEqual([]);
	});
});

describe('an API that cannot be reached', () => {
	const WORDS = {
		name: 'NodeApiError',
		message: 'The AI Video API cannot be reached',
		description: expect.stringMatching(/ECONNREFUSED.*nothing was sent.*Base URL/),
	};

	test('is said on a Create', async () => {
		await stage.emulator.goOffline();
		expect(await failure(stage.creates({ callback: 'none' }))).toMatchObject(WORDS);
	});

	test('is said on a Get Task, with the task', async () => {
		await stage.emulator.goOffline();
		const task = stage.kling({ operation: 'getTask', taskId: UNKNOWN_TASK });
		expect(await failure(task)).toMatchObject({
			...WORDS,
			message: `${WORDS.message} (task ${UNKNOWN_TASK})`,
		});
	});
});

describe('waiting by polling', () => {
	test('survives an API that is away for some rounds', async () => {
		const { emulator, n8n } = stage;
		emulator.setPace(Infinity);
		emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'http:503' });
		emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'reset' });
		const { id } = await n8n.api.createWorkflow(
			chain('Outage', numbered(1), { Kling: createsAndPolls() }),
		);
		const execution = await n8n.api.runWorkflow(id);
		await until(() => emulator.count({ route: 'getTask' }) === 2);
		await emulator.goOffline();
		await delay(3_000);
		await emulator.goOnline();
		await emulator.complete(emulator.tasks()[0]?.id ?? '');
		const done = await n8n.api.waitForExecution(execution, { status: 'success' });
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ status: 'completed', timedOut: false }]);
		expect(emulator.count({ route: 'create' })).toBe(1);
	});

	test('ends with the execution', async () => {
		const { emulator, n8n } = stage;
		emulator.setPace(Infinity);
		const { id } = await n8n.api.createWorkflow(
			chain('Stopped', numbered(1), { Kling: createsAndPolls() }),
		);
		const execution = await n8n.api.runWorkflow(id);
		await until(() => emulator.count({ route: 'getTask' }) > 0);
		await n8n.api.stopExecution(execution);
		await n8n.api.waitForExecution(execution, { status: 'canceled' });
		await delay(2_000);
		const reads = emulator.count({ route: 'getTask' });
		await delay(4_000);
		expect(emulator.count({ route: 'getTask' })).toBe(reads);
	});

	test('past the timeout gives the task as last seen', async () => {
		stage.emulator.setPace(Infinity);
		const item = await oneItem(createsAndPolls({ timeout: 0.05 }));
		expect(item).toMatchObject({
			taskId: stage.emulator.tasks()[0]?.id,
			status: expect.stringMatching(/^(pending|processing)$/),
			timedOut: true,
			videoUrl: null,
		});
	});
});

describe('a task without a video', () => {
	test('is a result with its cause', async () => {
		expect(
			await oneItem(createsAndPolls({ prompt: 'A [fail:content_rejected] cat' })),
		).toMatchObject({
			taskId: UUID,
			status: 'failed',
			videoUrl: null,
			failure: { code: 'content_rejected', message: expect.any(String) },
			timedOut: false,
		});
	});

	test.each(['[no-video]', '[no-video:output]'])(
		'is a failed one, although it completed: %s',
		async (marker) => {
			expect(await oneItem(createsAndPolls({ prompt: `A cat ${marker}` }))).toMatchObject({
				status: 'failed',
				videoUrls: [],
				failure: { code: 'no_video' },
			});
		},
	);

	test('stops the run of a Wait or Get Task that throws on failure, naming the task', async () => {
		const { emulator } = stage;
		const waited = await failure(
			createsAndPolls({ prompt: 'A [fail] cat' }, { throwOnFailure: true }),
		);
		const id = emulator.tasks()[0]?.id ?? '';
		const said = `Task ${id} did not produce a video: Video generation failed (upstream_error)`;
		expect(waited?.message).toContain(said);
		const read = await failure(
			stage.kling({ operation: 'getTask', taskId: id, options: { throwOnFailure: true } }),
		);
		expect(read?.message).toBe(said);
	});
});
