import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmulator } from '../emulator';
import { startN8n } from '../harness/n8n/instance';
import { packPackage } from '../harness/n8n/package';
import { chain, jsonOf, stageOn, type Stage } from '../harness/n8n/stage';
import { useOpened } from '../harness/n8n/useStage';
import { RETRIES, type NodeSpec } from '../harness/n8n/workflow';
import { startTlsFront, type TlsFront } from '../harness/tlsFront';

/** Who pays, and over which connection: one key for each client, and an API behind TLS. */

const PRICE = 110;
const BALANCE = 1_000;
const CLIENTS = ['sk-client-a', 'sk-client-b'];

interface SecureStage extends Stage {
	readonly front: TlsFront;
}

const stage = useOpened(async (): Promise<SecureStage> => {
	const emulator = await startEmulator({ paceMs: Infinity, callbackTimeoutMs: 60_000 });
	const front = await startTlsFront(emulator.url);
	const folder = mkdtempSync(join(tmpdir(), 'kling-ca-'));
	const authority = join(folder, 'ca.pem');
	writeFileSync(authority, front.certificate);
	const n8n = await startN8n({
		tarball: await packPackage(),
		env: { NODE_EXTRA_CA_CERTS: authority },
	});
	const opened = await stageOn(emulator, n8n);
	return {
		...opened,
		front,
		stop: async () => {
			await opened.stop();
			await front.stop();
			rmSync(folder, { recursive: true });
		},
	};
});

beforeEach(() => {
	for (const key of CLIENTS) stage.emulator.setBalance(key, BALANCE);
	stage.front.breakWith(null);
});

const paidBy = (key: string) => BALANCE - stage.emulator.account(key).balance;
const creations = () => stage.emulator.count({ route: 'create' });

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

test.each(['plain text', 'a damaged record'] as const)(
	'an API behind TLS that breaks with %s gets the request once, and the user is told',
	async (how) => {
		stage.front.breakWith(how);
		const node = await withKey(stage.creates({ callback: 'none' }, RETRIES), {
			apiKey: 'sk-client-a',
			baseUrl: stage.front.url,
		});
		const execution = await stage.run(chain('Broken', [{}], { Kling: node }), 'error');
		const error = stage.n8n.api.errorOf(execution, 'Kling');
		expect(error?.message).toMatch(/may have been charged/);
		expect(error?.description).not.toMatch(/nothing was (sent|spent|charged)/i);
		expect([creations(), paidBy('sk-client-a')]).toEqual([1, PRICE]);
	},
);
