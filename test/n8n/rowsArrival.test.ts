import { request } from 'node:http';

import type { Fault } from '../emulator';
import { startGateway, STOPS, type Gateway } from '../harness/gateway';
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
	type Suspended,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

/** Whatever stands between a ready video and its workflow: attacks that once kept it away. */

const READS = '/v1/tasks/';

const stage = useStage();

const LOST = { parameters: { prompt: 'A cat [callback:lost]' } };

/** Completed with its callback, if it has one, and the execution's items. */
async function wake({ id, taskIds }: Suspended, name: string) {
	const { emulator, n8n } = stage;
	for (const taskId of taskIds) await emulator.complete(taskId);
	return jsonOf(await n8n.api.waitForExecution(id, { status: 'success' }), n8n, name);
}

/** A published workflow with a trigger, and a video that will call it. */
async function withVideo(name: string, prompt = 'A cat') {
	const { emulator, n8n, trigger, creates, publish } = stage;
	const json = production(name, [{}], { Create: creates({ callback: 'trigger', prompt }) });
	const { id, start } = await publish(withTrigger(json, trigger()));
	await n8n.api.waitForExecution(await start(), { status: 'success' });
	return { id, taskId: emulator.tasks().at(-1)?.id ?? '' };
}

test('a key, an allow-list or a proxy that refuses for a while ends no wait, asleep or not', async () => {
	const { emulator, n8n } = stage;
	const page: Fault = { body: { status: 404, headers: {}, body: '<h1>Not here</h1>' } };
	const faults: Fault[] = [
		'http:401',
		'http:403',
		'http:404',
		page,
		{ redirect: 'http://x.example/' },
	];
	const looked = await suspend(stage, 'Looked at', { ...LOST, count: faults.length });
	const called = await suspend(stage, 'Called', { count: faults.length });
	const polls = stage.creates({
		operation: 'createAndWait',
		waitStrategy: 'poll',
		options: { pollInterval: 2 },
	});
	const { start } = await stage.publish(production('Polls', numbered(5), { Polls: polls }));
	const polling = await start();
	const polled = await until(() => {
		const tasks = emulator.tasks().slice(2 * faults.length);
		return tasks.length === faults.length && tasks.every(({ reads }) => reads > 0)
			? tasks.map(({ id }) => id)
			: undefined;
	});
	for (const { taskIds } of [looked, called, { taskIds: polled }])
		for (const [index, taskId] of taskIds.entries())
			emulator.fault({ match: { taskId }, fault: faults[index] ?? 'reset', times: 2 });
	const all = await Promise.all([
		wake(looked, 'Looked at'),
		wake(called, 'Called'),
		wake({ id: polling, taskIds: polled, resumeUrl: '' }, 'Polls'),
	]);
	expect(all.map((items) => items.map(({ status }) => status))).toEqual(
		all.map(() => faults.map(() => 'completed')),
	);
	expect(n8n.log()).not.toContain('could not go on');
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
	for (let count = 0; count < 12; count += 1) await start();
	await until(async () =>
		(await n8n.api.listExecutions(id)).every(({ status }) => status === 'waiting')
			? true
			: undefined,
	);
	const hanging = emulator.tasks('sk-slow').map((task) => task.id);
	for (const taskId of hanging)
		emulator.fault({ match: { taskId }, fault: 'hang', times: 'always' });
	const told = Promise.all(hanging.map(async (taskId) => await emulator.complete(taskId)));
	const looked = await suspend(stage, 'Looked at', LOST);
	const called = await suspend(stage, 'Called');
	emulator.fault({ match: { taskId: called.taskIds[0] }, fault: 'http:500' });
	expect(await wake(looked, 'Looked at')).toMatchObject([{ status: 'completed' }]);
	expect(await wake(called, 'Called')).toMatchObject([{ status: 'completed' }]);
	await told;
	const summary = await n8n.api.listExecutions(id);
	expect(summary.map(({ status }) => status)).toEqual(hanging.map(() => 'waiting'));
	emulator.clearFaults();
	await Promise.all(
		summary.map(
			async (execution) => await n8n.api.waitForExecution(execution.id, { status: 'success' }),
		),
	);
});

test('calls without a key to an absolute target, while the API is down, take no place from others', async () => {
	const { emulator, n8n } = stage;
	const { id, taskId } = await withVideo('Attacked');
	emulator.fault({ match: { path: READS }, fault: 'http:503', times: 'always' });
	const statuses = await Promise.all(
		Array.from({ length: 8 }, async () => {
			const sent = request({
				host: '127.0.0.1',
				port: n8n.port,
				method: 'POST',
				path: `http://name:port/webhook/kling/${id}`,
				headers: { 'content-type': 'application/json' },
			});
			sent.end(JSON.stringify({ id: crypto.randomUUID(), status: 'completed' }));
			return await new Promise<number>((resolve) => {
				sent.once('response', (response) => {
					response.resume();
					resolve(response.statusCode ?? 0);
				});
			});
		}),
	);
	expect(statuses.every((status) => status >= 400)).toBe(true);
	await emulator.complete(taskId);
	expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([503]);
	emulator.clearFaults();
	const [started] = await startedByTrigger(n8n, id, 1);
	if (started === undefined) throw new Error('Nothing was started.');
	expect(jsonOf(started, n8n, TRIGGER)).toMatchObject([{ taskId, status: 'completed' }]);
	expect(n8n.log()).not.toMatch(/Invalid URL|uncaught/i);
});

describe('a Base URL that is corrected while executions sleep', () => {
	let gateway: Gateway;
	let isGone = false;

	beforeAll(async () => {
		gateway = await startGateway(() =>
			isGone ? STOPS['a proxy without a way'] : stage.emulator.url,
		);
	});

	afterAll(async () => {
		await gateway.stop();
	});

	test('is used by the next callback and by the next look', async () => {
		const { emulator, n8n } = stage;
		const input = { name: 'Moves', type: 'aiVideoApi' };
		const data = { apiKey: emulator.apiKey, baseUrl: gateway.url };
		const credential = await n8n.api.createCredential({ ...input, data });
		const moving = (prompt: string) => ({
			...stage.creates({ operation: 'createAndWait', prompt }),
			credentials: { aiVideoApi: { id: credential, name: 'Moves' } },
		});
		const waits: Suspended[] = [];
		for (const prompt of ['A cat', 'A cat [callback:lost]']) {
			const { start } = await stage.publish(production('Moves', [{}], { Moves: moving(prompt) }));
			const id = await start();
			await n8n.api.waitForExecution(id, { status: 'waiting' });
			waits.push({ id, taskIds: [emulator.tasks().at(-1)?.id ?? ''], resumeUrl: '' });
		}
		isGone = true;
		await n8n.api.updateCredential(credential, {
			...input,
			data: { ...data, baseUrl: emulator.url },
		});
		for (const wait of waits)
			expect(await wake(wait, 'Moves')).toMatchObject([{ status: 'completed', timedOut: false }]);
		expect(emulator.tasks()[0]?.callbacks.map(({ status }) => status)).toEqual([200]);
	});
});

test('a callback that comes before the API itself calls the task finished is not wasted', async () => {
	const { emulator, n8n } = stage;
	const { id, taskId } = await withVideo('Early', 'A cat [callback:lost]');
	const early = { body: { id: taskId, status: 'completed' } };
	expect(await emulator.sendCallback(taskId, early)).toEqual([200]);
	await emulator.complete(taskId);
	const [started] = await startedByTrigger(n8n, id, 1);
	expect(started && jsonOf(started, n8n, TRIGGER)).toMatchObject([{ taskId, status: 'completed' }]);
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
