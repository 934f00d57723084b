import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmulator } from '../emulator';
import { startN8n } from '../harness/n8n/instance';
import { packPackage } from '../harness/n8n/package';
import { chain, jsonOf, production, stageOn, type Stage } from '../harness/n8n/stage';
import { useOpened } from '../harness/n8n/useStage';
import type { NodeSettings, NodeSpec } from '../harness/n8n/workflow';
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

/** The key of each item's own client. */
const OF_ITEM = { apiKey: '={{ $json.key }}' };

const ITEMS = [
	{ key: 'sk-client-a', number: 0 },
	{ key: 'sk-client-b', number: 1 },
	{ key: 'sk-client-a', number: 2 },
];

const creates = (parameters: Record<string, unknown> = {}, settings: NodeSettings = {}) =>
	stage.creates({ callback: 'none', options: { concurrency: 1 }, ...parameters }, settings);

describe('a credential whose key is an expression', () => {
	test.each([
		['create', {}],
		['createAndWait', { waitStrategy: 'poll', timeout: 0 }],
	])('has each item paid by its own account: %s', async (operation, parameters) => {
		const node = await withKey(creates({ operation, ...parameters }), {
			...OF_ITEM,
			baseUrl: stage.emulator.url,
		});
		const execution = await stage.run(chain('Clients', ITEMS, { Kling: node }));
		expect(CLIENTS.map(paidBy)).toEqual([2 * PRICE, PRICE]);
		expect(stage.emulator.account().totalConsumed).toBe(0);
		expect(jsonOf(execution, stage.n8n, 'Kling').map(({ taskId }) => taskId)).toEqual(
			stage.emulator.tasks().map(({ id }) => id),
		);
	});

	test('is resolved for each item that Get Video and Wait read', async () => {
		const data = { ...OF_ITEM, baseUrl: stage.emulator.url };
		const execution = await stage.run(
			chain('Read', ITEMS, {
				Kling: await withKey(creates(), data),
				// The key is gone from the items by now.
				Read: await withKey(stage.kling({ operation: 'getTask' }), {
					...data,
					apiKey: "={{ $('Items').item.json.key }}",
				}),
				Wait: await withKey(stage.kling({ operation: 'wait', timeout: 0 }), {
					...data,
					apiKey: "={{ $('Items').item.json.key }}",
				}),
			}),
		);
		const ids = stage.emulator.tasks().map(({ id }) => id);
		for (const node of ['Read', 'Wait']) {
			expect(jsonOf(execution, stage.n8n, node).map(({ taskId }) => taskId)).toEqual(ids);
		}
		expect(stage.emulator.tasks().map(({ reads }) => reads)).toEqual([2, 2, 2]);
		expect(stage.emulator.count({ route: 'getTask', status: 404 })).toBe(0);
	});

	test('costs, where it comes to nothing for one item, only that item', async () => {
		const node = await withKey(creates({}, { onError: 'continueRegularOutput' }), {
			...OF_ITEM,
			baseUrl: stage.emulator.url,
		});
		const items = [ITEMS[0], { number: 1 }, ITEMS[1]].flatMap((item) => item ?? []);
		const execution = await stage.run(chain('One without', items, { Kling: node }));
		expect(CLIENTS.map(paidBy)).toEqual([PRICE, PRICE]);
		expect(jsonOf(execution, stage.n8n, 'Kling')[1]?.error).toMatch(/API Key/);
	});

	test('pays once for each item over all tries', async () => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 2 });
		const node = await withKey(
			creates({}, { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 }),
			{ ...OF_ITEM, baseUrl: stage.emulator.url },
		);
		await stage.run(chain('Tried again', ITEMS, { Kling: node }));
		expect(CLIENTS.map(paidBy)).toEqual([2 * PRICE, PRICE]);
		expect(creations()).toBe(4);
	});
});

describe('an API behind TLS', () => {
	const RETRIES = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 } as const;

	const secure = async (settings: NodeSettings = RETRIES) =>
		await withKey(creates({}, settings), {
			apiKey: 'sk-client-a',
			baseUrl: stage.front.url,
		});

	test('takes a create', async () => {
		await stage.run(chain('Secure', [{}], { Kling: await secure() }));
		expect([creations(), paidBy('sk-client-a')]).toEqual([1, PRICE]);
	});

	test.each(['plain text', 'a damaged record'] as const)(
		'that breaks with %s after the request gets it once, and the user is told',
		async (how) => {
			stage.front.breakWith(how);
			const execution = await stage.run(chain('Broken', [{}], { Kling: await secure() }), 'error');
			const error = stage.n8n.api.errorOf(execution, 'Kling');
			expect(error?.message).toMatch(/may have been charged/);
			expect(error?.description).not.toMatch(/nothing was (sent|spent|charged)/i);
			expect([creations(), paidBy('sk-client-a')]).toEqual([1, PRICE]);
		},
	);

	test('whose connection broke is not asked again by Retry On Fail, but by Retry execution', async () => {
		stage.front.breakWith('plain text');
		const { start } = await stage.publish(production('Retried', [{}], { Kling: await secure() }));
		const failed = await stage.n8n.api.waitForExecution(await start(), { status: 'error' });
		stage.front.breakWith(null);
		expect(creations()).toBe(1);
		const retry = await stage.n8n.api.retryExecution(failed.id);
		await stage.n8n.api.waitForExecution(retry, { status: 'success' });
		expect(creations()).toBe(2);
	});
});
