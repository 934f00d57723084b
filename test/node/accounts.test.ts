import type { IDataObject } from 'n8n-workflow';

import { type RunSettings, useKling } from '../harness/node/kling';
import { completeAll } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

const { emulator, run, create } = useKling();

const CLIENTS = ['sk-alpha', 'sk-beta', 'sk-gamma'];
const PRICE = 110;
const BALANCE = 1_000;

beforeEach(() => {
	for (const key of CLIENTS) emulator.current.setBalance(key, BALANCE);
});

const paidBy = (key: string) => BALANCE - emulator.current.account(key).balance;

/** These items, or one for each key, with a key of its own each. */
const withKeys = (apiKeys: string[], items?: readonly IDataObject[]): RunSettings => ({
	items: items ?? apiKeys.map((_, number) => ({ number })),
	credential: (itemIndex) => ({ apiKey: apiKeys[itemIndex] ?? '' }),
});

describe('a credential whose key is an expression', () => {
	test.each(['create', 'createAndWait'])(
		'pays for each item from its own account: %s',
		async (operation) => {
			clock.duringPause = async () => await completeAll(emulator.current);
			const [alpha = '', beta = ''] = CLIENTS;
			const { error } = await create({ operation }, withKeys([alpha, beta, alpha]));
			expect(error).toBeNull();
			expect([paidBy(alpha), paidBy(beta)]).toEqual([2 * PRICE, PRICE]);
			expect(emulator.current.account().totalConsumed).toBe(0);
		},
	);

	test.each(['getTask', 'wait'])(
		'reads each task with the item’s own key: %s',
		async (operation) => {
			const created = await create({}, withKeys(CLIENTS));
			await completeAll(emulator.current);
			emulator.current.fault({ match: { method: 'POST' }, fault: 'http:500', times: 'always' });
			const before = emulator.current.requests.length;
			const { error } = await run({ operation }, withKeys(CLIENTS, created.json));
			expect(error).toBeNull();
			const readers = emulator.current.requests.slice(before).map(({ key }) => key);
			expect(new Set(readers)).toEqual(new Set(CLIENTS.map((key) => `${key.slice(0, 5)}…`)));
		},
	);

	test('reads one task twice where two items name it with different keys', async () => {
		const created = await create({}, withKeys(['sk-alpha']));
		await completeAll(emulator.current);
		const [task = {}] = created.json;
		const { json } = await run(
			{ operation: 'wait' },
			{
				...withKeys(['sk-alpha', 'sk-nobody', 'sk-alpha'], [task, task, task]),
				onError: 'continueRegularOutput',
			},
		);
		expect(json).toMatchObject([
			{ status: 'completed' },
			{ details: { httpCode: '401', taskId: task['taskId'] } },
			{ status: 'completed' },
		]);
		expect(emulator.current.count({ route: 'getTask' })).toBe(2);
	});

	test('costs, where it comes to nothing for one item, only that item', async () => {
		const { json, error } = await create(
			{},
			{ ...withKeys(['sk-alpha', '', 'sk-beta']), onError: 'continueRegularOutput' },
		);
		expect(error).toBeNull();
		expect(json[1]).toMatchObject({ error: expect.stringContaining("no 'API Key'") });
		expect(CLIENTS.map(paidBy)).toEqual([PRICE, PRICE, 0]);
	});

	test('has Check Balance read each account once, and compare it with what it would pay', async () => {
		emulator.current.setBalance('sk-beta', PRICE);
		const { error } = await create(
			{ options: { checkBalance: true } },
			withKeys(['sk-alpha', 'sk-beta', 'sk-alpha', 'sk-beta']),
		);
		expect(error).toMatchObject({
			message: expect.stringMatching(
				/^'Check Balance' found that the account has 110 credits, but 2 videos cost an estimated 220 credits/,
			),
		});
		expect(emulator.current.requests.map(({ route }) => route)).toEqual([
			'getCredits',
			'getCredits',
		]);
	});
});
