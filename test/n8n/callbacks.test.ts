import type { Fault } from '../emulator';
import {
	jsonOf,
	numbered,
	production,
	startedByTrigger,
	suspend,
	TRIGGER,
	withTrigger,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

/** A ready video gets through: callbacks that are lost, that meet a fault of the API, or look odd. */

const stage = useStage();

describe('a callback that never arrives', () => {
	test('of one among many items: the look finds what is missing', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspend(stage, 'One lost', {
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
		// Before the wait, and once finished; a look may have come before the last one was.
		const reads = emulator.tasks().map((task) => task.reads);
		expect(Math.min(...reads)).toBe(2);
		expect(Math.max(...reads)).toBeLessThanOrEqual(3);
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
	test('the sender is told, and the execution resumes all the same', async () => {
		const { emulator, n8n } = stage;
		const passing: Fault[] = [{ http: '429-rate', retryAfter: 2 }, 'http:500', 'reset', 'html-502'];
		const { id, taskIds } = await suspend(stage, 'Faulty', { count: passing.length });
		for (const [index, fault] of passing.entries()) {
			const taskId = taskIds[index] ?? '';
			emulator.fault({ match: { taskId }, fault });
			await emulator.complete(taskId);
			expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([503]);
		}
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Faulty').map(({ status }) => status)).toEqual(
			passing.map(() => 'completed'),
		);
	});

	test('an API that hangs: the sender is answered within ten seconds', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspend(stage, 'Hanging');
		emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'hang' });
		await emulator.complete(taskIds[0] ?? '');
		const [callback] = emulator.task(taskIds[0] ?? '').callbacks;
		expect(callback?.status).toBe(503);
		await n8n.api.waitForExecution(id, { status: 'success' });
	});

	test('survives a restart of n8n: the new process insists as well', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspend(stage, 'Restarted', { count: 3 });
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
		const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
		await n8n.api.waitForExecution(await start(), { status: 'success' });
		const [task] = emulator.tasks();
		emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'http:503', times: 3 });
		await emulator.complete(task?.id ?? '');
		expect(emulator.task(task?.id ?? '').callbacks.map(({ status }) => status)).toEqual([503]);
		const started = await startedByTrigger(n8n, id, 1);
		expect(started.flatMap((execution) => jsonOf(execution, n8n, TRIGGER))).toMatchObject([
			{ taskId: task?.id, status: 'completed' },
		]);
		await emulator.sendCallback(task?.id ?? '', { times: 3 });
		expect(await n8n.api.listExecutions(id)).toHaveLength(2);
	});
});

describe('a task that can never be read again', () => {
	test('is the error of its item; the others come out', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspend(stage, 'Unreadable', { count: 3 });
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
		const { id, taskIds } = await suspend(stage, 'Unreadable too', {
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

test('a finished task is taken under whatever content type, and with its id in capitals', async () => {
	const { emulator, n8n } = stage;
	const types = ['text/plain', 'application/octet-stream', 'application/problem+json', null];
	const { id, taskIds } = await suspend(stage, 'Odd types', {
		count: types.length + 1,
		parameters: { prompt: 'A cat [callback:lost]' },
	});
	for (const [index, contentType] of types.entries()) {
		const taskId = taskIds[index] ?? '';
		await emulator.complete(taskId);
		expect(await emulator.sendCallback(taskId, { contentType })).toEqual([200]);
	}
	const last = taskIds.at(-1) ?? '';
	await emulator.complete(last);
	const body = { id: last.toUpperCase(), status: 'completed' };
	expect(await emulator.sendCallback(last, { body })).toEqual([200]);
	await n8n.api.waitForExecution(id, { status: 'success' });
});

test('a callback reaches a node whose name holds the marks of an expression', async () => {
	const { emulator, n8n } = stage;
	const name = 'Wait {{ for "it" }} \\ }} {{';
	const { id, taskIds } = await suspend(stage, name);
	await emulator.complete(taskIds[0] ?? '');
	expect(emulator.task(taskIds[0] ?? '').callbacks.map(({ status }) => status)).toEqual([200]);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, name)).toMatchObject([{ status: 'completed' }]);
});
