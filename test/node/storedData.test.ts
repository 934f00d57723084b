import {
	createRunExecutionData,
	type IDataObject,
	type IExecuteFunctions,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';
import { createHash } from 'node:crypto';

import { isRegistered, withdraw } from '../../nodes/Kling/callback/registration';
import { itemsOf, parseStored } from '../../nodes/Kling/waiting/sleeper';
import { stayAwake } from '../../nodes/Kling/waiting/suspend';
import { openDeliveries } from '../../nodes/Kling/webhooks/deliveries';
import { standIn } from '../harness/standIn';
import { useKling } from '../harness/node/kling';
import { completeAll, createTask } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

/**
 * What version 0.1.0 stores with executions and workflows. These names and shapes are in users'
 * databases: they are written out here rather than built by the code that reads them. From the first
 * release on, what is here may only grow.
 */

const { emulator, create, createEach, readEach } = useKling();

const TASK_ID = '54debc04-6f7a-4e9d-a0cc-1082435ebc37';
const OTHER_ID = '0c9d5b2a-1e43-4b8f-9a77-3f20c6d1e815';

const sha256 = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

const request = {
	estimatedCredits: 110,
	duration: 5,
	sound: false,
	callback: 'none',
	callbackUrl: null,
};

/** The run data of an execution whose nodes have left this behind in the context that they share. */
function stored(flow: IDataObject) {
	return createRunExecutionData({
		executionData: { contextData: { flow } },
		resultData: { runData: { Start: [] } },
	});
}

const imageUrl = 'https://example.com/cat.jpg';

describe('klingCreated, in the context of the execution', () => {
	const entry = {
		id: '7c1f6a52-8a0e-4f5b-9d3e-2b64c0a7f918',
		node: 'Kling',
		runIndex: 0,
		item: 0,
		executionIds: ['42'],
		// Of prompt, images, duration and sound.
		request: sha256(['First', [imageUrl], 5, false]),
		// Of the parameters as they are written: prompt, imageSource, imageUrls, binaryPropertyName, duration, sound; and of the item.
		written: sha256([
			'={{ $json.prompt }}',
			'url',
			imageUrl,
			null,
			5,
			false,
			{ prompt: 'Changed' },
		]),
		taskId: TASK_ID,
		createdAt: 1_774_706_165_000,
		summary: request,
		isRefunded: false,
	};

	/** Another try of a Create of two items, the first of which is as stored; other expressions by now. */
	async function createAgain(
		changes: Partial<typeof entry> | { taskId: null } | { node: null },
		executionId = '42',
		...others: Array<typeof entry>
	) {
		return await createEach(
			['Changed', 'Second'],
			{ imageUrls: imageUrl },
			{
				onError: 'continueRegularOutput',
				runData: stored({ klingCreated: [{ ...entry, ...changes }, ...others] }),
				executionId,
			},
		);
	}

	test.each([
		['of an earlier try', '42'],
		['of the execution that this one retries', '43'],
	])('a task %s is not created again', async (_, executionId) => {
		const { json } = await createAgain({}, executionId);
		expect(emulator.current.tasks()).toMatchObject([{ prompt: 'Second' }]);
		expect(json).toMatchObject([
			{ taskId: TASK_ID, ...request },
			{ taskId: emulator.current.tasks()[0]?.id },
		]);
	});

	test('a task that another retry has made of another item is not that of this one', async () => {
		const other = sha256([
			'={{ $json.prompt }}',
			'url',
			imageUrl,
			null,
			5,
			false,
			{ prompt: 'Other' },
		]);
		await createAgain({ written: other }, '43');
		expect(emulator.current.tasks()).toHaveLength(2);
	});

	test('a create whose outcome is unclear is not sent again', async () => {
		const { json } = await createAgain({ taskId: null });
		expect(emulator.current.tasks()).toMatchObject([{ prompt: 'Second' }]);
		expect(json[0]).toMatchObject({ error: expect.stringMatching(/may have been charged/) });
	});

	test('a task whose credits were given back stands for nothing', async () => {
		await createAgain({ isRefunded: true });
		expect(emulator.current.tasks()).toHaveLength(2);
	});

	test('the last of the tasks of an item stands', async () => {
		const { json } = await createAgain({}, '42', { ...entry, id: 'another', taskId: OTHER_ID });
		expect(json[0]).toMatchObject({ taskId: OTHER_ID });
	});

	test.each([{ node: 'Kling1' }, { node: null }, { runIndex: 1 }])(
		'a task of another node, of a tool or of another turn stands for itself: %j',
		async (changes) => {
			await createAgain(changes);
			expect(emulator.current.tasks()).toHaveLength(2);
		},
	);

	describe('tells a Wait', () => {
		/** Waits for the task of such an entry, and for others that nothing was stored of. */
		async function wait(changes: Partial<typeof entry>, executionId: string, others = 0) {
			const taskIds = await Promise.all(
				Array.from({ length: others + 1 }, async () => await createTask(emulator.current)),
			);
			const summary = { ...request, callback: 'execution' };
			const klingCreated = [{ ...entry, taskId: taskIds[0], summary, ...changes }];
			return await readEach(
				'wait',
				taskIds,
				{ waitStrategy: 'auto' },
				{ runData: stored({ klingCreated }), executionId },
			);
		}

		test('that it is called: it sleeps', async () => {
			const { waitTill, error } = await wait({}, '42');
			expect(error).toBeNull();
			expect(waitTill).toBeInstanceOf(Date);
		});

		test.each<[string, Partial<typeof entry>, string, number]>([
			['which nobody calls', { summary: request }, '42', 0],
			['which is not called for one of its tasks', {}, '42', 1],
			['of a Retry: the callback wakes the execution before', {}, '43', 0],
		])('%s that it polls', async (_, changes, executionId, others) => {
			clock.duringPause = async () => await completeAll(emulator.current);
			const { waitTill, json } = await wait(changes, executionId, others);
			expect(waitTill).toBeUndefined();
			expect(json[0]).toMatchObject({ status: 'completed' });
		});

		test('when its task was created: the API may not know a new one yet, in a Retry neither', async () => {
			clock.duringPause = async () => await completeAll(emulator.current);
			const fault = { match: { method: 'GET' }, fault: 'http:404', times: 1 } as const;
			emulator.current.fault(fault);
			const { json } = await wait({ createdAt: Date.now(), summary: request }, '43');
			expect(json[0]).toMatchObject({ status: 'completed' });
			emulator.current.fault(fault);
			const { error } = await wait({ createdAt: Date.now() - 121_000, summary: request }, '43');
			expect(error).toMatchObject({ httpCode: '404' });
		});
	});
});

test('klingExecution, in the context of the execution: retries of one execution pay once together', async () => {
	const retry = async (executionId: string, klingExecution: string) => {
		const runData = stored({ klingExecution });
		await create({ imageUrls: imageUrl }, { runData, executionId });
	};
	await retry('51', '50');
	await retry('52', '50');
	expect(emulator.current.tasks()).toHaveLength(1);
	await retry('53', '49');
	expect(emulator.current.tasks()).toHaveLength(2);
});

test('klingSlept, in the context of the execution: one that has slept is kept awake for a moment', async () => {
	const pausesOf = async (flow: IDataObject) => {
		clock.reset();
		const context = standIn<IExecuteFunctions>({
			getContext: () => flow,
			getExecutionCancelSignal: () => undefined,
		});
		await stayAwake(context);
		return clock.pauses;
	};
	expect(await pausesOf({ klingSlept: true })).toEqual([10_000]);
	expect(await pausesOf({})).toEqual([]);
});

describe('klingSuspended, in the context of the node', () => {
	const klingSuspended = {
		executionId: '42',
		runIndex: 0,
		timeoutAt: 1_774_706_165_000,
		n8nTimerAt: 1_774_706_269_000,
		items: [
			{
				task: 0,
				taskId: TASK_ID,
				createdAt: 1_774_704_365_000,
				request: { ...request, callback: 'execution' },
				simplify: true,
				downloadField: null,
				known: { id: TASK_ID, status: 'processing', created_at: 1_774_704_365, progress: null },
			},
			{
				task: 1,
				taskId: OTHER_ID,
				createdAt: null,
				request: null,
				simplify: false,
				downloadField: 'data',
			},
			{
				settled: {
					error: 'The AI Video API did not accept the request',
					details: { description: 'Nothing was charged.', httpCode: '400', taskId: null },
				},
			},
			{ settled: { taskId: TASK_ID, status: 'completed', timedOut: false } },
		],
	};

	test('a wait and its items are read as they were stored', () => {
		const wait = parseStored({ klingSuspended });
		expect(wait).toEqual(klingSuspended);
		expect(wait === null ? [] : itemsOf(wait)).toEqual(klingSuspended.items);
	});

	test('a node that has stored nothing of the kind waits for nothing', () => {
		expect(parseStored({})).toBeNull();
		expect(parseStored(undefined)).toBeNull();
		expect(parseStored({ klingCreated: [] })).toBeNull();
	});
});

test('klingTrigger, in the static data of the workflow: the address at which the trigger listens', () => {
	const url = 'https://n8n.example.com/webhook/kling/aB3';
	const staticData: IDataObject = { klingTrigger: { url } };
	const listeningAt = (address: string) =>
		standIn<IHookFunctions>({
			getWorkflowStaticData: () => staticData,
			getNodeWebhookUrl: () => address,
		});
	expect(isRegistered(listeningAt(url))).toBe(true);
	expect(isRegistered(listeningAt('https://n8n.example.com/webhook/kling/other'))).toBe(false);
	// Somebody has listened for a test event.
	withdraw(listeningAt('https://n8n.example.com/webhook-test/kling/aB3'));
	expect(isRegistered(listeningAt(url))).toBe(true);
	withdraw(listeningAt(url));
	expect(isRegistered(listeningAt(url))).toBe(false);
});

test('klingDelivered, in the static data of the workflow: a hash of each task, whatever the trigger is called', () => {
	const context = standIn<IWebhookFunctions>({
		getWorkflowStaticData: (type: string) =>
			type === 'global' ? { klingDelivered: ['1Hk10DVzLA_3'] } : {},
		getWorkflow: () => ({ id: 'stored' }),
		getNode: () => ({ id: 'trigger' }),
	});
	const deliveries = openDeliveries(context);
	expect([TASK_ID, OTHER_ID].map((id) => deliveries.has(id))).toEqual([true, false]);
});
