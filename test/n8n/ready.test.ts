import { z } from 'zod';

import { jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import type { NodeSettings } from '../harness/n8n/workflow';

/**
 * A ready video always gets through: callbacks that are lost, that meet a fault of the API, or that
 * come in odd forms.
 */

const stage = useStage({ emulator: { paceMs: Infinity, callbackTimeoutMs: 60_000 } });
jest.setTimeout(300_000);

/** Create and Wait of so many items, suspended: the execution's id and the tasks'. */
async function suspended(
	name: string,
	{
		count = 1,
		parameters = {},
		settings = {},
	}: { count?: number; parameters?: Record<string, unknown>; settings?: NodeSettings } = {},
): Promise<{ id: string; taskIds: string[]; resumeUrl: string }> {
	const before = stage.emulator.tasks().length;
	const { start } = await stage.publish(
		production(name, numbered(count), {
			[name]: stage.creates({ operation: 'createAndWait', ...parameters }, settings),
		}),
	);
	const id = await start();
	await stage.n8n.api.waitForExecution(id, { status: 'waiting' });
	const created = stage.emulator.tasks().slice(before);
	return {
		id,
		taskIds: created.map((task) => task.id),
		resumeUrl: z.string().parse(created[0]?.callbackUrl),
	};
}

const LOST = 'A cat [callback:lost]';

const statusOf = async (id: string) => (await stage.n8n.api.getExecution(id)).status;

const reads = (taskId?: string) => stage.emulator.count({ route: 'getTask', taskId });

describe('a callback that never arrives', () => {
	test('costs one look: the process that suspended the execution wakes it', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Lost', { parameters: { prompt: LOST } });
		await emulator.complete(taskIds[0] ?? '');
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Lost')).toMatchObject([
			{ taskId: taskIds[0], status: 'completed', timedOut: false },
		]);
		// Before the wait, and the look, which serves the resume as well.
		expect(reads()).toBe(2);
	});

	test('of one among many items: the look finds what is missing', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('One lost', {
			count: 4,
			parameters: {
				prompt: '=No {{ $json.number }}{{ $json.number === 2 ? " [callback:lost]" : "" }}',
			},
		});
		await Promise.all(taskIds.map(async (taskId) => await emulator.complete(taskId)));
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'One lost').map(({ status }) => status)).toEqual(
			taskIds.map(() => 'completed'),
		);
		expect(reads()).toBe(4 + 4);
	});

	test('with a key that is an expression, which n8n cannot resolve while the execution sleeps', async () => {
		const { emulator, n8n } = stage;
		const credential = await n8n.api.createCredential({
			name: 'By item',
			type: 'aiVideoApi',
			data: { apiKey: '={{ $json.key }}', baseUrl: emulator.url },
		});
		const node = stage.creates({ operation: 'createAndWait', prompt: '={{ $json.prompt }}' });
		const { start } = await stage.publish(
			production(
				'Key of the item',
				[
					{ key: emulator.apiKey, prompt: 'One' },
					{ key: emulator.apiKey, prompt: 'Two [callback:lost]' },
				],
				{
					Kling: { ...node, credentials: { aiVideoApi: { id: credential, name: 'By item' } } },
				},
			),
		);
		const id = await start();
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		const taskIds = emulator.tasks().map((task) => task.id);
		for (const taskId of taskIds) await emulator.complete(taskId);
		const [first] = taskIds;
		expect(emulator.task(first ?? '').callbacks.map(({ status }) => status)).toEqual([200]);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Kling').map(({ status }) => status)).toEqual([
			'completed',
			'completed',
		]);
	});
});

describe('a passing fault while a callback is verified', () => {
	test.each([
		['429 with Retry-After', { http: '429-rate', retryAfter: 2 }],
		['500', 'http:500'],
		['a reset', 'reset'],
		['a page of a proxy', 'html-502'],
	] as const)(
		'%s: the sender is told, and the execution resumes all the same',
		async (_, fault) => {
			const { emulator, n8n } = stage;
			const { id, taskIds } = await suspended('Faulty');
			emulator.fault({ match: { path: '/v1/tasks/' }, fault });
			await emulator.complete(taskIds[0] ?? '');
			expect(emulator.task(taskIds[0] ?? '').callbacks.map(({ status }) => status)).toEqual([503]);
			const done = await n8n.api.waitForExecution(id, { status: 'success' });
			expect(jsonOf(done, n8n, 'Faulty')).toMatchObject([{ status: 'completed', timedOut: false }]);
		},
	);

	test('an API that hangs: the sender is answered within ten seconds', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Hanging');
		emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'hang' });
		await emulator.complete(taskIds[0] ?? '');
		const [callback] = emulator.task(taskIds[0] ?? '').callbacks;
		expect(callback?.status).toBe(503);
		await n8n.api.waitForExecution(id, { status: 'success' });
	});

	test('survives a restart of n8n: the new process insists as well', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Restarted', { count: 3 });
		const [first = '', second = '', third = ''] = taskIds;
		await emulator.complete(first);
		await n8n.restart();
		await emulator.complete(second);
		emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'http:503', times: 2 });
		await emulator.complete(third);
		expect(emulator.task(third).callbacks.map(({ status }) => status)).toEqual([503]);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Restarted').map(({ status }) => status)).toEqual(
			taskIds.map(() => 'completed'),
		);
	});

	test('of a trigger: it starts the workflow once, as soon as the API can be read', async () => {
		const { emulator, n8n } = stage;
		const json = production('Trigger and a fault', numbered(1), { Create: stage.creates() });
		const { id, start } = await stage.publish({
			...json,
			nodes: [
				...json.nodes,
				{ ...stage.trigger(), id: '1', name: 'Kling Trigger', position: [0, 300] },
			],
		});
		await n8n.api.waitForExecution(await start(), { status: 'success' });
		const [task] = emulator.tasks();
		emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'http:503', times: 3 });
		await emulator.complete(task?.id ?? '');
		expect(emulator.task(task?.id ?? '').callbacks.map(({ status }) => status)).toEqual([503]);
		const started = await until(async () => {
			const executions = await n8n.api.listExecutions(id);
			return executions.length === 2 ? executions[0] : undefined;
		});
		const done = await n8n.api.waitForExecution(started.id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Kling Trigger')).toMatchObject([
			{ taskId: task?.id, status: 'completed' },
		]);
		await emulator.sendCallback(task?.id ?? '', { times: 3 });
		expect(await n8n.api.listExecutions(id)).toHaveLength(2);
	});
});

describe('a task that can never be read again', () => {
	test('is the error of its item; the others come out', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Unreadable', { count: 3 });
		const [first = '', second = '', third = ''] = taskIds;
		emulator.fault({ match: { taskId: second }, fault: 'http:404', times: 'always' });
		for (const taskId of [first, second, third]) await emulator.complete(taskId);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Unreadable')).toMatchObject([
			{ taskId: first, status: 'completed' },
			{ error: expect.stringContaining(second) },
			{ taskId: third, status: 'completed' },
		]);
	});

	test('leaves by the error output, which names it', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Unreadable too', {
			count: 2,
			settings: { onError: 'continueErrorOutput' },
		});
		const [first = '', second = ''] = taskIds;
		emulator.fault({ match: { taskId: first }, fault: 'http:404', times: 'always' });
		for (const taskId of [first, second]) await emulator.complete(taskId);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Unreadable too')).toMatchObject([{ taskId: second }]);
		expect(jsonOf(done, n8n, 'Unreadable too', 1)).toMatchObject([
			{ error: expect.stringContaining(first) },
		]);
	});
});

describe('odd callbacks that speak of a finished task', () => {
	test.each(['text/plain', 'application/octet-stream', 'application/problem+json', null])(
		'as %s',
		async (contentType) => {
			const { emulator, n8n } = stage;
			const { id, taskIds } = await suspended('Odd type', { parameters: { prompt: LOST } });
			const [taskId = ''] = taskIds;
			await emulator.complete(taskId);
			expect(await emulator.sendCallback(taskId, { contentType })).toEqual([200]);
			await n8n.api.waitForExecution(id, { status: 'success' });
		},
	);

	test('whose id is in capitals', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Capitals', { parameters: { prompt: LOST } });
		const [taskId = ''] = taskIds;
		await emulator.complete(taskId);
		const body = { id: taskId.toUpperCase(), status: 'completed' };
		expect(await emulator.sendCallback(taskId, { body })).toEqual([200]);
		await n8n.api.waitForExecution(id, { status: 'success' });
	});

	test('for a node whose name holds the marks of an expression', async () => {
		const { emulator, n8n } = stage;
		const name = 'Wait {{ for "it" }} \\ }} {{';
		const { id, taskIds } = await suspended(name);
		await emulator.complete(taskIds[0] ?? '');
		expect(emulator.task(taskIds[0] ?? '').callbacks.map(({ status }) => status)).toEqual([200]);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, name)).toMatchObject([{ status: 'completed' }]);
	});
});

describe('when the time is over', () => {
	test('each item is as it is then: finished, failed, or timed out', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Late', {
			count: 3,
			parameters: { prompt: LOST, timeout: 0.1, downloadVideo: true },
			settings: { onError: 'continueErrorOutput' },
		});
		const [completed = '', failed = '', stuck = ''] = taskIds;
		await emulator.complete(completed);
		await emulator.fail(failed);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Late')).toMatchObject([
			{ taskId: completed, status: 'completed', timedOut: false, downloadError: null },
			{ taskId: stuck, status: expect.not.stringContaining('completed'), timedOut: true },
		]);
		expect(n8n.api.outputOf(done, 'Late')[0]?.binary?.data).toMatchObject({
			mimeType: 'video/mp4',
		});
		expect(jsonOf(done, n8n, 'Late', 1)).toMatchObject([
			{ error: expect.stringContaining(failed) },
		]);
	});

	test('and the API is down, each item is as it was known last', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Down', { count: 2, parameters: { timeout: 0.05 } });
		await emulator.goOffline();
		try {
			const done = await n8n.api.waitForExecution(id, { status: 'success', timeoutMs: 90_000 });
			expect(jsonOf(done, n8n, 'Down')).toMatchObject(
				taskIds.map((taskId) => ({ taskId, status: 'pending', timedOut: true })),
			);
		} finally {
			await emulator.goOnline();
		}
	});

	test('with Execute Once, one item comes out', async () => {
		const { n8n } = stage;
		const { id, taskIds } = await suspended('Once', {
			count: 3,
			parameters: { timeout: 0.05 },
			settings: { executeOnce: true },
		});
		expect(taskIds).toHaveLength(1);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Once')).toMatchObject([{ taskId: taskIds[0], timedOut: true }]);
	});

	test('and the process is gone, n8n’s own timer passes on what was known, one item each', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspended('Net', {
			count: 2,
			parameters: { prompt: LOST, timeout: 0.02 },
			settings: { executeOnce: true },
		});
		await n8n.kill();
		await n8n.restart();
		await emulator.complete(taskIds[0] ?? '');
		expect(await statusOf(id)).toBe('waiting');
		const done = await n8n.api.waitForExecution(id, { status: 'success', timeoutMs: 200_000 });
		expect(jsonOf(done, n8n, 'Net')).toHaveLength(1);
		expect(jsonOf(done, n8n, 'Net')).toMatchObject([{ taskId: taskIds[0] }]);
	});
});
