import { z } from 'zod';

import { jsonOf } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { manualTrigger, workflow, type NodeSpec } from '../harness/n8n/workflow';

/** What n8n's own evaluation makes of what people type, and what the nodes make of that. */

const stage = useStage();

/** Whatever was tried: the key is in no output and no line of the log. */
afterEach(() => {
	expect(stage.n8n.log()).not.toContain(stage.emulator.apiKey);
});

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
