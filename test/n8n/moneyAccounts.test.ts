import { chain, jsonOf } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import type { NodeSpec } from '../harness/n8n/workflow';

/** Who pays: one key for each client. */

const PRICE = 110;
const BALANCE = 1_000;
const CLIENTS = ['sk-client-a', 'sk-client-b'];

const stage = useStage();

beforeEach(() => {
	for (const key of CLIENTS) stage.emulator.setBalance(key, BALANCE);
});

const paidBy = (key: string) => BALANCE - stage.emulator.account(key).balance;

async function withKey(node: NodeSpec, data: Record<string, string>): Promise<NodeSpec> {
	const id = await stage.n8n.api.createCredential({ name: 'Clients', type: 'aiVideoApi', data });
	return { ...node, credentials: { aiVideoApi: { id, name: 'Clients' } } };
}

const ITEMS = [
	{ key: 'sk-client-a', number: 0 },
	{ key: 'sk-client-b', number: 1 },
	{ key: 'sk-client-a', number: 2 },
];

test('a key that is an expression is resolved for each item that is created, read and waited for', async () => {
	const keyed = async (node: NodeSpec, apiKey: string) =>
		await withKey(node, { apiKey, baseUrl: stage.emulator.url });
	// The key is gone from the items once Create has run.
	const ofItems = "={{ $('Items').item.json.key }}";
	const execution = await stage.run(
		chain('Clients', ITEMS, {
			Create: await keyed(stage.creates({ callback: 'none' }), '={{ $json.key }}'),
			Read: await keyed(stage.kling({ operation: 'getTask' }), ofItems),
			Wait: await keyed(stage.kling({ operation: 'wait', timeout: 0 }), ofItems),
		}),
	);
	expect(CLIENTS.map(paidBy)).toEqual([2 * PRICE, PRICE]);
	expect(stage.emulator.account().totalConsumed).toBe(0);
	const ids = stage.emulator.tasks().map(({ id }) => id);
	for (const node of ['Create', 'Read', 'Wait']) {
		expect(jsonOf(execution, stage.n8n, node).map(({ taskId }) => taskId)).toEqual(ids);
	}
	expect(stage.emulator.tasks().map(({ reads }) => reads)).toEqual([2, 2, 2]);
	expect(stage.emulator.count({ route: 'getTask', status: 404 })).toBe(0);
});
