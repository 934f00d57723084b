import { z } from 'zod';

import { asset, photo, sha256, upload } from '../harness/n8n/media';
import { jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { manualTrigger, webhook, workflow, type NodeSpec } from '../harness/n8n/workflow';

/** What n8n's own evaluation makes of what people type, and what the nodes make of that. */

const stage = useStage();

/** Whatever was tried: the key is in no output and no line of the log. */
afterEach(() => {
	expect(stage.n8n.log()).not.toContain(stage.emulator.apiKey);
});

const ONE = 'https://cdn.example.com/one.png';
const TWO = 'https://cdn.example.com/two.png';

/** Runs nodes that do not depend on each other side by side; gives the items of each, in order. */
async function runSideBySide(nodes: readonly NodeSpec[]): Promise<Array<Record<string, unknown>>> {
	const builder = workflow('Side by side').node('Start', manualTrigger());
	const names = nodes.map((_, index) => `Kling ${index}`);
	for (const [index, name] of names.entries()) {
		const node = nodes[index];
		if (node !== undefined) builder.node(name, node).connect('Start', name);
	}
	const execution = await stage.run(builder.json());
	return names.map((name) => jsonOf(execution, stage.n8n, name)[0] ?? {});
}

const CONTINUES = { onError: 'continueRegularOutput' } as const;

const tries = (parameters: Record<string, unknown>, options: Record<string, unknown> = {}) =>
	stage.creates(
		{ callback: 'none', ...parameters, options: { dryRun: true, ...options } },
		CONTINUES,
	);

describe('an expression', () => {
	const input = (more: Record<string, unknown>) => ({
		request: expect.objectContaining({ input: expect.objectContaining(more) }),
	});

	const TAKEN: Array<[Record<string, unknown>, Record<string, unknown>]> = [
		[{ imageUrls: `={{ ["${ONE}","${TWO}"] }}\n` }, input({ image_urls: [ONE, TWO] })],
		[{ imageUrls: `={{ ["${ONE}",["${TWO}"]] }}` }, input({ image_urls: [ONE, TWO] })],
		[{ imageUrls: `={{ [{ url: "${ONE}" }] }}` }, input({ image_urls: [ONE] })],
		[{ imageUrls: `=${ONE};{{ "${TWO}" }},` }, input({ image_urls: [ONE, TWO] })],
		[{ sound: '={{ true }}\n' }, input({ sound: true })],
		[{ sound: '={{ "TRUE" }}' }, input({ sound: true })],
		[{ sound: '={{ false }}\n' }, input({ sound: false })],
		[{ duration: '={{ "10" }}' }, input({ duration: 10 })],
		[{ duration: '={{ 10 }}\n' }, input({ duration: 10 })],
		[{ prompt: '={{ 2024 }}' }, input({ prompt: '2024' })],
	];

	const REFUSED: Array<[Record<string, unknown>, Record<string, unknown>, RegExp]> = [
		[{ prompt: '={{ { scene: "a cat" } }}' }, {}, /^'Prompt' is an object, not text/],
		[{ prompt: '={{ ["a", "b"] }}' }, {}, /^'Prompt' is a list, not text/],
		[{ prompt: '={{ { scene: "a cat" } }}\n' }, {}, /^'Prompt' holds an object that was turned/],
		[{ prompt: '={{ $json.nope }}' }, {}, /^'Prompt' is empty/],
		[{ sound: '={{ undefined }}' }, {}, /^'Sound' was set and has no value/],
		[{ sound: '={{ null }}' }, {}, /^'Sound' was set and has no value \(null\)/],
		[{ duration: '={{ $json.nope }}' }, {}, /^'Duration' was set and has no value/],
		[{}, { maxCredits: '={{ undefined }}' }, /^'Max Credits' was set and has no value/],
		[{}, { maxCredits: '={{ $json.nope }}' }, /^'Max Credits' was set and has no value/],
		[{}, { maxCredits: '={{ $json.nope.deeper }}' }, /^'Max Credits' was set and has no value/],
		[{}, { maxCredits: '={{ null }}' }, /^'Max Credits' was set and has no value/],
		[{}, { maxCredits: '={{ 100 }}\n' }, /^'Max Credits' is 100, but .* 110 credits/],
		[{}, { concurrency: '={{ null }}' }, /^'Concurrency' was set and has no value/],
		[{}, { checkBalance: '={{ "yes" }}' }, /^'Check Balance' is “yes”, which is neither/],
		[{}, { checkBalance: '={{ $json.nope }}' }, /^'Check Balance' was set and has no value/],
		[{}, { checkImages: '={{ 1 }}' }, /^'Check Images' is 1, which is neither/],
		[{}, { dryRun: '={{ $json.nope }}' }, /^'Dry Run' was set and has no value/],
		[{}, { dryRun: '={{ "off" }}' }, /^'Dry Run' is “off”, which is neither/],
		[{ imageUrls: '={{ $json.nope }}' }, {}, /^'Image URLs' is empty/],
		[{ imageUrls: '={{ { id: 1 } }}\n' }, {}, /^'Image URLs' is an object that was turned/],
		[
			{ callback: '={{ $json.nope }}', callbackUrl: 'https://example.com' },
			{},
			/^'Callback' was set and has no value/,
		],
	];

	test('is read for what was meant', async () => {
		const items = await runSideBySide(TAKEN.map(([parameters]) => tries(parameters)));
		expect(items).toEqual(TAKEN.map(([, expected]): unknown => expect.objectContaining(expected)));
		expect(stage.emulator.count({ route: 'create' })).toBe(0);
	});

	test('without a clear value is refused by name before anything is sent', async () => {
		const nodes = REFUSED.map(([parameters, options]) => tries(parameters, options));
		const items = await runSideBySide(nodes);
		expect(items.map(({ error }) => error)).toEqual(
			REFUSED.map(([, , words]): unknown => expect.stringMatching(words)),
		);
		expect(JSON.stringify(items)).not.toContain('[object ');
		expect(stage.emulator.requests.filter(({ route }) => route !== 'image')).toEqual([]);
	});

	test('of a wait without a clear value is refused too', async () => {
		const waits = (parameters: Record<string, unknown>) =>
			stage.kling(
				{ operation: 'wait', taskId: TASK_ID, waitStrategy: 'poll', ...parameters },
				CONTINUES,
			);
		const rows: Array<[Record<string, unknown>, RegExp]> = [
			[{ timeout: '={{ undefined }}' }, /^'Timeout \(Minutes\)' was set and has no value/],
			[{ options: { pollInterval: '={{ null }}' } }, /^'Poll Interval.*' was set and has no value/],
			[{ options: { throwOnFailure: '={{ "si" }}' } }, /^'Stop on Failed Video' is “si”/],
			[{ simplify: '={{ $json.nope }}' }, /^'Simplify' was set and has no value/],
			[{ waitStrategy: '={{ "sleep" }}' }, /^'Wait Strategy' is “sleep”, which is none/],
			[{ taskId: '={{ $json }}' }, /^'Task ID' is an object, not text/],
		];
		const items = await runSideBySide(rows.map(([parameters]) => waits(parameters)));
		expect(items.map(({ error }) => error)).toEqual(
			rows.map(([, words]): unknown => expect.stringMatching(words)),
		);
		expect(stage.emulator.requests).toEqual([]);
	});

	test('as text switches Check Balance, Simplify, Download Video and Stop on Failed Video', async () => {
		const { emulator } = stage;
		const [created] = await runSideBySide([stage.creates({ prompt: '[fail]', callback: 'none' })]);
		const taskId = z.string().parse(created?.['taskId']);
		await emulator.fail(taskId, { code: 'content', message: 'No' });
		const gets = (parameters: Record<string, unknown>) =>
			stage.kling({ operation: 'getTask', taskId: taskId.toUpperCase(), ...parameters }, CONTINUES);
		const [balance, raw, simplified, thrown, passed] = await runSideBySide([
			tries({}, { checkBalance: '={{ true }}\n' }),
			gets({ simplify: '={{ false }}\n' }),
			gets({ simplify: '={{ "TRUE" }}' }),
			gets({ options: { throwOnFailure: '={{ true }}\n' } }),
			gets({ downloadVideo: '={{ "False" }}', options: { throwOnFailure: '={{ "false" }}' } }),
		]);
		expect(balance).toMatchObject({ dryRun: true });
		expect(emulator.count({ route: 'getCredits' })).toBe(1);
		expect(raw).toMatchObject({ id: taskId, error: { code: 'content' } });
		expect(simplified).toMatchObject({ taskId, status: 'failed' });
		expect(thrown).toMatchObject({ error: expect.stringContaining(taskId) });
		expect(passed).toMatchObject({ taskId, status: 'failed' });
		expect(passed).not.toHaveProperty('downloadError');
	});
});

const TASK_ID = '3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d';

describe('the input data field', () => {
	test('is a name, a reference, or several; the API gets each under the type of its content', async () => {
		const { emulator, n8n } = stage;
		const fields: Record<string, [binaryPropertyName: string, images: number]> = {
			'By name': ['data', 1],
			'By reference': ['={{ $binary.data }}', 1],
			'By a node': ["={{ $('Webhook').item.binary.data }}", 1],
			'By names': ['={{ Object.keys($binary) }}', 3],
			'By names and a line break': ['={{ Object.keys($binary) }}\n', 3],
			'By references': ['={{ [$binary.data, $binary.note] }}', 2],
			'All of them': ['={{ $binary }}', 3],
		};
		const builder = workflow('Files').node('Webhook', webhook('files'));
		for (const [name, [binaryPropertyName]] of Object.entries(fields)) {
			const prompt = name;
			const parameters = { prompt, imageSource: 'binary', binaryPropertyName, callback: 'none' };
			builder.node(name, stage.creates(parameters, CONTINUES)).connect('Webhook', name);
		}
		const { id } = await n8n.api.createWorkflow(builder.json());
		await n8n.api.activate(id);
		const png = { ...photo('photo.png'), fileName: 'picture' };
		const executionId = await upload(n8n, id, n8n.webhookUrl('files'), {
			data: { ...png, type: 'application/octet-stream' },
			note: { ...png, type: 'text/plain' },
			web: { ...photo('photo.webp'), fileName: 'web.txt', type: '' },
		});
		const execution = await n8n.api.waitForExecution(executionId);
		const errors = Object.keys(fields).flatMap(
			(name) => jsonOf(execution, n8n, name)[0]?.['error'] ?? [],
		);
		expect(errors).toEqual([]);

		for (const { id: taskId } of emulator.tasks()) await emulator.complete(taskId);
		const images = new Map(
			emulator
				.tasks()
				.map((task) => [
					task.prompt,
					task.images.map(({ contentType, sha256: hash, ok }) => ({ contentType, hash, ok })),
				]),
		);
		const PNG = { contentType: 'image/png', hash: sha256(asset('photo.png')), ok: true };
		const WEBP = { contentType: 'image/webp', hash: sha256(asset('photo.webp')), ok: true };
		// n8n promises no order of the files of an upload.
		const byType = (a: { contentType: string | null }, b: { contentType: string | null }) =>
			String(a.contentType).localeCompare(String(b.contentType));
		for (const [name, [, count]] of Object.entries(fields)) {
			const found = [...(images.get(name) ?? [])].sort(byType);
			expect([name, found]).toEqual([name, [PNG, PNG, WEBP].slice(0, count)]);
		}
	});

	test('that is an object in a text is refused', async () => {
		const parameters = { imageSource: 'binary', binaryPropertyName: '={{ { a: 1 } }}\n' };
		const [item] = await runSideBySide([tries(parameters)]);
		expect(item?.['error']).toMatch(
			/^'Input Data Field Name' is an object that was turned into text/,
		);
	});
});

describe('the trigger', () => {
	/** Publishes a trigger of its own; gives the workflow's ID. */
	async function publish(parameters: Record<string, unknown>): Promise<string> {
		const { n8n } = stage;
		const json = workflow('Typed trigger').node('Trigger', stage.trigger(parameters)).json();
		const { id } = await n8n.api.createWorkflow(json);
		await n8n.api.activate(id);
		return id;
	}

	async function newTask(): Promise<string> {
		const [created] = await runSideBySide([stage.creates({ callback: 'none' })]);
		return z.string().parse(created?.['taskId']);
	}

	/** Two callbacks with one task, which start this many runs. */
	async function callTwice(workflowId: string, taskId: string, runs: number): Promise<void> {
		const { emulator, n8n } = stage;
		const url = n8n.webhookUrl(`kling/${workflowId}`);
		const body = { id: taskId.toUpperCase(), status: 'completed' };
		const started = async () => (await n8n.api.listExecutions(workflowId)).length;
		expect(await emulator.sendCallback(taskId, { url, body })).toEqual([200]);
		await until(async () => (await started()) >= Math.min(runs, 1) || undefined);
		expect(await emulator.sendCallback(taskId, { url, body })).toEqual([200]);
		await until(async () => (await started()) >= runs || undefined);
		expect(await started()).toBe(runs);
	}

	test('reads its switches and events from text', async () => {
		const { emulator } = stage;
		const taskId = await newTask();
		await emulator.complete(taskId);
		const strict = await publish({
			events: '={{ ["completed"] }}\n',
			options: { verifyTask: '={{ true }}\n', deduplicate: '={{ "TRUE" }}' },
		});
		await callTwice(strict, taskId, 1);
		const loose = await publish({
			events: '={{ "failed, completed" }}',
			options: { verifyTask: '={{ false }}\n', deduplicate: '={{ "False" }}' },
		});
		const reads = emulator.count({ route: 'getTask' });
		await callTwice(loose, taskId, 2);
		expect(emulator.count({ route: 'getTask' })).toBe(reads);
		const failed = await publish({ events: '={{ "failed" }}\n' });
		await callTwice(failed, taskId, 0);
	});

	test('does not start for whoever opens its production address', async () => {
		const { emulator, n8n } = stage;
		const taskId = await newTask();
		await emulator.complete(taskId);
		const id = await publish({});
		const answer = await fetch(`${n8n.webhookUrl(`kling/${id}`)}?task=${taskId}`);
		expect(answer.status).toBe(400);
		expect(await n8n.api.listExecutions(id)).toEqual([]);
	});

	test.each([
		[{ options: { verifyTask: '={{ "maybe" }}' } }, /'Verify Task' is “maybe”, which is neither/],
		[{ simplify: '={{ undefined }}' }, /'Simplify' was set and has no value/],
		[{ events: '={{ "finished" }}' }, /'Trigger On' is “finished”, which is neither/],
		[
			{ downloadVideo: true, outputBinaryField: '{{ $json.name }}' },
			/'Put Output File in Field' holds “{{ \$json.name }}” as plain text/,
		],
	])('with %j does not listen, and says why', async (parameters, words) => {
		const activation = publish(parameters);
		await expect(activation).rejects.toThrow(words);
	});
});

describe('a trigger whose switch loses its value while it listens', () => {
	const env = { N8N_BLOCK_ENV_ACCESS_IN_NODE: 'false' };

	afterAll(async () => {
		await stage.n8n.restart();
	});

	test('answers 500 with the name of the switch, starts nothing, and says so in the log', async () => {
		const { emulator, n8n } = stage;
		await n8n.restart({ ...env, VERIFY: 'true' });
		const trigger = stage.trigger({ options: { verifyTask: '={{ $env.VERIFY }}' } });
		const json = workflow('Changing').node('Trigger', trigger).json();
		const { id } = await n8n.api.createWorkflow(json);
		await n8n.api.activate(id);
		const [created] = await runSideBySide([stage.creates({ callback: 'none' })]);
		const taskId = z.string().parse(created?.['taskId']);
		await emulator.complete(taskId);

		await n8n.restart({ ...env, VERIFY: 'perhaps' });
		const url = n8n.webhookUrl(`kling/${id}`);
		expect(await emulator.sendCallback(taskId, { url })).toEqual([500]);
		expect(n8n.log()).toMatch(/'Verify Task' is “perhaps”, which is neither true nor false/);
		expect(await n8n.api.listExecutions(id)).toEqual([]);
	});
});

test('a text of the API that repeats the key comes out without it, and is logged and stored so', async () => {
	const { emulator, n8n } = stage;
	emulator.fault({
		match: { method: 'POST' },
		fault: { http: '400', message: 'The key {key} may not do that.' },
		times: 'always',
	});
	const json = workflow('Repeated key')
		.node('Start', manualTrigger())
		.node('Kling', stage.creates({ callback: 'none' }))
		.chain('Start', 'Kling')
		.json();
	const execution = await stage.run(json, 'error');
	emulator.clearFaults();
	expect(n8n.api.errorOf(execution, 'Kling')?.description).toContain('The key sk-… may not');
	expect(JSON.stringify(execution)).not.toContain(emulator.apiKey);
});

describe('the credential’s test', () => {
	/** The oldest n8n tests only what is stored. */
	const testOf = async (data: Record<string, string>) => {
		const { apiKey, url } = stage.emulator;
		const id = await stage.n8n.api.createCredential({
			name: 'Typed',
			type: 'aiVideoApi',
			data: { apiKey, baseUrl: url, ...data },
		});
		return await stage.n8n.api.testCredential(id);
	};

	test('takes the key and the address as the nodes do', async () => {
		const { apiKey, url } = stage.emulator;
		const forms: Array<Record<string, string>> = [
			{ apiKey: `Bearer ${apiKey}` },
			{ apiKey: ` "${apiKey}"\n` },
			{ baseUrl: `${url}/v1` },
			{ baseUrl: `${url}/v1/` },
			{ baseUrl: `${url}/` },
		];
		for (const data of forms) {
			expect([data, await testOf(data)]).toMatchObject([data, { status: 'OK' }]);
		}
		expect(new Set(stage.emulator.requests.map(({ path }) => path))).toEqual(
			new Set(['/v1/credits']),
		);
	});

	test.each([
		['api.aivideoapi.ai', /Base URL.*does not begin with https:\/\//],
		['http://exa mple.com', /Base URL.*host or port cannot be/],
		['https://api.aivideoapi.ai:99999', /Base URL.*host or port cannot be/],
	])('names %s as an address that cannot be', async (baseUrl, words) => {
		expect(await testOf({ baseUrl })).toEqual({
			status: 'Error',
			message: expect.stringMatching(words),
		});
	});

	test('points at the Base URL where nothing is', async () => {
		expect(await testOf({ baseUrl: `${stage.emulator.url}/elsewhere` })).toEqual({
			status: 'Error',
			// The oldest n8n says so in its own words.
			message: expect.stringMatching(/404.*Base URL|could not be found/),
		});
	});

	test('without an address asks the API itself', async () => {
		// There is no internet here: what counts is which address was asked.
		const result = await testOf({ baseUrl: '' });
		expect(result).toMatchObject({ status: 'Error' });
		expect(result.message).not.toMatch(/ERR_INVALID_URL|Base URL/);
		expect(stage.emulator.requests).toEqual([]);
	});
});

test('the ID of a workflow as Callback URL starts the Kling Trigger in it', async () => {
	const { emulator, n8n } = stage;
	const listener = workflow('Listener').node('Trigger', stage.trigger()).json();
	const { id } = await n8n.api.createWorkflow(listener);
	await n8n.api.activate(id);
	for (const callbackUrl of [id, `${n8n.url}/workflow/${id}`]) {
		const { start } = await stage.publish(
			production('Caller', numbered(1), {
				Create: stage.creates({ callback: 'url', callbackUrl }),
			}),
		);
		const execution = await n8n.api.waitForExecution(await start());
		const [item] = jsonOf(execution, n8n, 'Create');
		expect(item).toMatchObject({ callback: 'url', callbackUrl: n8n.webhookUrl(`kling/${id}`) });
		const before = (await n8n.api.listExecutions(id)).length;
		await emulator.complete(z.string().parse(item?.['taskId']));
		await until(async () => (await n8n.api.listExecutions(id)).length > before || undefined);
	}
});

test('a workflow whose files are combined with the data of its items creates and waits as any other', async () => {
	const { emulator, n8n } = stage;
	const json = workflow('Combined')
		.set({ binaryMode: 'combined' })
		.node('Start', manualTrigger())
		.node('Create', stage.creates({ prompt: '[pace:10ms]', callback: 'none' }))
		.node('Wait', stage.kling({ operation: 'wait', options: { pollInterval: 2 } }))
		.chain('Start', 'Create', 'Wait')
		.json();
	const execution = await stage.run(json);
	const [task] = emulator.tasks();
	expect(jsonOf(execution, n8n, 'Wait')).toMatchObject([{ taskId: task?.id, status: 'completed' }]);
});
