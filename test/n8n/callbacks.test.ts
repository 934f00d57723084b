import { request } from 'node:http';

import { runsOf } from '../harness/n8n/media';
import {
	jsonOf,
	numbered,
	production,
	startedByTrigger,
	suspend,
	TRIGGER,
	until,
	withTrigger,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

/** A ready video gets through: callbacks that are lost, that meet a fault of the API, or look odd. */

const stage = useStage();

describe('a callback that never arrives', () => {
	test('with a key of each item, which n8n cannot resolve while the execution sleeps', async () => {
		const { emulator, n8n } = stage;
		const OTHER = 'sk-other';
		emulator.setBalance(OTHER, 1_000);
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
					{ key: OTHER, prompt: 'Two [callback:lost]' },
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
		expect([emulator.account(), emulator.account(OTHER)]).toMatchObject([
			{ totalConsumed: 110 },
			{ totalConsumed: 110 },
		]);
	});
});

describe('a passing fault while a callback is verified', () => {
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
});

test('an account that hangs delays neither looks nor callbacks of another', async () => {
	const { emulator, n8n } = stage;
	emulator.setBalance('sk-slow', 10_000);
	const slow = await n8n.api.createCredential({
		name: 'Slow',
		type: 'aiVideoApi',
		data: { apiKey: 'sk-slow', baseUrl: emulator.url },
	});
	const node = stage.creates({ operation: 'createAndWait' });
	const json = production('Slow', numbered(1), {
		Slow: { ...node, credentials: { aiVideoApi: { id: slow, name: 'Slow' } } },
	});
	const { id, start } = await stage.publish(json);
	for (let count = 0; count < 25; count += 1) await start();
	const isAllAsleep = async () =>
		(await n8n.api.listExecutions(id)).every(({ status }) => status === 'waiting');
	await until(async () => (await isAllAsleep()) || undefined);
	const hanging = emulator.tasks('sk-slow').map((task) => task.id);
	for (const taskId of hanging)
		emulator.fault({ match: { taskId }, fault: 'hang', times: 'always' });
	const told = Promise.all(hanging.map(async (taskId) => await emulator.complete(taskId)));
	const lost = { parameters: { prompt: 'A cat [callback:lost]' } };
	const looked = await suspend(stage, 'Looked at', lost);
	const called = await suspend(stage, 'Called');
	emulator.fault({ match: { taskId: called.taskIds[0] }, fault: 'http:500' });
	for (const { id: execution, taskIds } of [looked, called]) {
		await emulator.complete(taskIds[0] ?? '');
		await n8n.api.waitForExecution(execution, { status: 'success' });
	}
	await told;
	expect(await isAllAsleep()).toBe(true);
	emulator.clearFaults();
	for (const execution of await n8n.api.listExecutions(id))
		await n8n.api.waitForExecution(execution.id, { status: 'success' });
});

test('calls without a key to an absolute target, while the API is down, keep nothing from the trigger', async () => {
	const { emulator, n8n } = stage;
	const create = stage.creates({ callback: 'trigger' });
	const json = production('Attacked', numbered(1), { Create: create });
	const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
	await n8n.api.waitForExecution(await start(), { status: 'success' });
	const taskId = emulator.tasks()[0]?.id ?? '';
	emulator.fault({ match: { path: '/v1/tasks/' }, fault: 'http:503', times: 'always' });
	const path = `http://name:port/webhook/kling/${id}`;
	const call = async () =>
		await new Promise<number>((resolve, reject) => {
			const options = { host: '127.0.0.1', port: n8n.port, method: 'POST', path };
			const headers = { 'content-type': 'application/json' };
			const sent = request({ ...options, headers }, (response) => {
				response.resume();
				resolve(response.statusCode ?? 0);
			});
			sent.once('error', reject);
			sent.end(JSON.stringify({ id: crypto.randomUUID(), status: 'completed' }));
		});
	for (const status of await Promise.all(Array.from({ length: 8 }, call)))
		expect(status).toBeGreaterThanOrEqual(400);
	await emulator.complete(taskId);
	expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([503]);
	emulator.clearFaults();
	const [started] = await startedByTrigger(n8n, id, 1);
	expect(started && jsonOf(started, n8n, TRIGGER)).toMatchObject([{ taskId, status: 'completed' }]);
	expect(n8n.log()).not.toMatch(/Invalid URL|uncaught/i);
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

test('tasks that come at the same moment start the workflow once each, after a restart too', async () => {
	const { emulator, n8n } = stage;
	const node = stage.creates({ callback: 'trigger', prompt: 'A cat [callback:lost]' });
	const json = production('At once', numbered(10), { Create: node });
	const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
	await n8n.api.waitForExecution(await start(), { status: 'success' });
	const taskIds = emulator.tasks().map((task) => task.id);
	for (const taskId of taskIds) await emulator.complete(taskId);
	const deliver = async () =>
		await Promise.all(taskIds.map(async (taskId) => await emulator.sendCallback(taskId)));
	await deliver();
	await startedByTrigger(n8n, id, 10);
	await n8n.restart();
	expect(await deliver()).toEqual(taskIds.map(() => [200]));
	expect(await n8n.api.listExecutions(id)).toHaveLength(11);
});

test('a resume that a kill -9 cuts off in the middle of its file goes on with the next callback', async () => {
	const { emulator, n8n } = stage;
	const name = 'Cut off';
	const sleeping = await suspend(stage, name, { parameters: { downloadVideo: true } });
	const [taskId = ''] = sleeping.taskIds;
	emulator.fault({ match: { path: '/videos/' }, fault: 'hang' });
	await emulator.complete(taskId);
	await until(() => emulator.count({ route: 'video' }) || undefined);
	await n8n.kill();
	await n8n.restart();
	expect(await emulator.sendCallback(taskId)).toEqual([200]);
	const done = await n8n.api.waitForExecution(sleeping.id, { status: 'success' });
	expect(jsonOf(done, n8n, name)).toMatchObject([{ taskId, downloadError: null }]);
	expect(runsOf(done, name)).toBe(1);
});
