import { z } from 'zod';

import { n8nVersion } from '../harness/n8n/runtime';
import { chain, jsonOf, numbered } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import type { NodeSettings } from '../harness/n8n/workflow';

/** What n8n makes of the package: its credential, its nodes, and the items that they give. */

const stage = useStage({ emulator: { paceMs: 300 } });

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

	test('the node as a tool of an AI Agent, but not the trigger', async () => {
		expect((await description('klingTool')).outputs).toEqual(['ai_tool']);
		await expect(description('klingTriggerTool')).rejects.toThrow();
	});
});

test('each operation passes one item on for each that came in, and Get Credits one in all', async () => {
	const { emulator, n8n } = stage;
	const polls = { waitStrategy: 'poll', options: { pollInterval: 2 } };
	const execution = await stage.run(
		chain('Operations', numbered(3), {
			Create: stage.creates({ callback: 'none', prompt: '=Number {{ $json.number }}' }),
			Wait: stage.kling({ operation: 'wait', ...polls }),
			Get: stage.kling({ operation: 'getTask' }),
			Both: stage.creates({ operation: 'createAndWait', ...polls }),
			Credits: stage.kling({ operation: 'getCredits' }),
		}),
	);
	const ids = emulator.tasks().map(({ id }) => id);
	const idsOf = (node: string) => jsonOf(execution, n8n, node).map(({ taskId }) => taskId);
	for (const node of ['Create', 'Wait', 'Get']) expect(idsOf(node)).toEqual(ids.slice(0, 3));
	expect(idsOf('Both')).toEqual(ids.slice(3));
	for (const node of ['Wait', 'Get', 'Both']) {
		const statuses = jsonOf(execution, n8n, node).map(({ status }) => status);
		expect(statuses).toEqual(['completed', 'completed', 'completed']);
	}
	expect(n8n.api.outputOf(execution, 'Both').map(({ pairedItem }) => pairedItem)).toEqual([
		{ item: 0 },
		{ item: 1 },
		{ item: 2 },
	]);
	expect(jsonOf(execution, n8n, 'Credits')).toEqual([
		{ balance: 10_000 - 660, totalPurchased: 10_000, totalConsumed: 660 },
	]);
});

describe('an item that fails', () => {
	const run = async (settings: NodeSettings) => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 1 });
		return await stage.run(
			chain('One refused', numbered(3), { Kling: stage.creates({ callback: 'none' }, settings) }),
			settings.onError === undefined ? 'error' : 'success',
		);
	};
	const TOO_FEW = 'The account has too few credits for this video';
	const TOP_UP = expect.stringMatching(/^Top up under Dashboard > Billing.*The API says: “/);

	test('stops the run and says why', async () => {
		const error = stage.n8n.api.errorOf(await run({}), 'Kling');
		const [created] = stage.emulator.tasks();
		expect(error).toMatchObject({
			name: 'NodeApiError',
			message: `${TOO_FEW} (1 of 3 videos was already created)`,
			description: expect.stringContaining(`The task created so far: ${created?.id}.`),
			httpCode: '402',
			context: { itemIndex: 1 },
		});
	});

	test('becomes an error item when the node continues', async () => {
		const execution = await run({ onError: 'continueRegularOutput' });
		const [first, third] = stage.emulator.tasks().map(({ id }) => id);
		expect(jsonOf(execution, stage.n8n, 'Kling')).toEqual([
			expect.objectContaining({ taskId: first }),
			{ error: TOO_FEW, details: { description: TOP_UP, httpCode: '402', taskId: null } },
			expect.objectContaining({ taskId: third }),
		]);
	});

	test('leaves by the error output with its input, when there is one', async () => {
		const execution = await run({ onError: 'continueErrorOutput' });
		const pairs = (output: number) =>
			stage.n8n.api.outputOf(execution, 'Kling', { output }).map(({ pairedItem }) => pairedItem);
		expect([pairs(0), pairs(1)]).toEqual([[{ item: 0 }, { item: 2 }], [{ item: 1 }]]);
		expect(jsonOf(execution, stage.n8n, 'Kling', 1)).toEqual([
			{ number: 1, error: TOO_FEW, message: TOP_UP },
		]);
	});
});
