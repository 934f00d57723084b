import { code, merge, noOp, webhook, workflow } from '../harness/n8n/workflow';
import { jsonOf, numbered, production, suspend, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { createTask } from '../harness/node/tasks';

const UNKNOWN_TASK = '00000000-0000-4000-8000-000000000000';

const stage = useStage();

const statusOf = async (id: string) => (await stage.n8n.api.getExecution(id)).status;

test('a hostile callback neither resumes, nor crashes, nor changes a result', async () => {
	const { emulator, n8n } = stage;
	const { id, taskIds, resumeUrl } = await suspend(stage, 'Hostile resume', { count: 2 });
	const [first = '', second = ''] = taskIds;
	const foreign = await suspend(stage, 'Somebody else');
	const send = async (body: unknown, more: { contentType?: string; raw?: string } = {}) =>
		await emulator.sendCallback(first, { url: resumeUrl, body, ...more });

	expect(await send({ hello: 'world' })).toEqual([400]);
	expect(await send(undefined, { raw: 'no json', contentType: 'text/plain' })).toEqual([400]);
	expect(await send(undefined, { raw: '' })).toEqual([400]);
	expect(await send({ id: UNKNOWN_TASK, status: 'completed' })).toEqual([404]);
	expect(await send({ id: foreign.taskIds[0], status: 'completed' })).toEqual([404]);
	expect(await send({ id: first, status: 'completed', output: { urls: ['http://evil'] } })).toEqual(
		[200],
	);
	expect((await fetch(resumeUrl)).status).toBe(404);
	// n8n 2.0 does not sign its resume URLs yet.
	const unsigned = resumeUrl.replace(/\?.*/, '');
	const refusal = unsigned === resumeUrl ? 400 : 401;
	expect((await fetch(unsigned, { method: 'POST' })).status).toBe(refusal);
	expect(await send({ id: first, status: 'completed', noise: 'x'.repeat(3_000_000) })).toEqual([
		200,
	]);
	expect(await statusOf(id)).toBe('waiting');

	await emulator.complete(first);
	expect(await statusOf(id)).toBe('waiting');
	await emulator.goOffline();
	expect(await send({ id: second, status: 'completed' })).toEqual([503]);
	await emulator.goOnline();
	expect(await statusOf(id)).toBe('waiting');

	await emulator.fail(second, { code: 'upstream_error', message: 'Sensitive content' });
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Hostile resume')).toMatchObject([
		{ taskId: first, status: 'completed', videoUrl: expect.not.stringContaining('evil') },
		{ taskId: second, status: 'failed', failure: { message: 'Sensitive content' } },
	]);
	expect(await send({ id: second, status: 'completed' })).toEqual([409]);
	expect(await statusOf(foreign.id)).toBe('waiting');
	// Asleep it would be looked at during other tests.
	await emulator.complete(foreign.taskIds[0] ?? '');
	await n8n.api.waitForExecution(foreign.id, { status: 'success' });
});

test('a callback repeated 100 times at once resumes the execution once', async () => {
	const { emulator, n8n } = stage;
	const { start, id: workflowId } = await stage.publish(
		production('Repeated', numbered(1), {
			Kling: stage.creates({ operation: 'createAndWait', prompt: 'A cat [callback:lost]' }),
			After: stage.kling({ operation: 'getCredits' }),
		}),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	const taskId = emulator.tasks()[0]?.id ?? '';
	await emulator.complete(taskId);
	await emulator.sendCallback(taskId, { times: 100, concurrently: true });
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(done.data.resultData.runData.After).toHaveLength(1);
	expect(emulator.count({ route: 'getCredits' })).toBe(1);
	expect(await n8n.api.listExecutions(workflowId)).toHaveLength(1);
});

test('a task that is finished before the wait begins never suspends', async () => {
	const { emulator, n8n } = stage;
	const taskId = await createTask(emulator);
	await emulator.complete(taskId);
	// The reading that fails is not enough to put it to sleep.
	emulator.fault({ match: { taskId }, fault: 'http:503' });
	const { start } = await stage.publish(
		production('Early', [{ taskId }], {
			Wait: stage.kling({ operation: 'wait', waitStrategy: 'callback' }),
		}),
	);
	const done = await n8n.api.waitForExecution(await start(), { status: 'success' });
	expect(done.waitTill ?? null).toBeNull();
	expect(jsonOf(done, n8n, 'Wait')).toMatchObject([{ status: 'completed', timedOut: false }]);
	expect(emulator.count({ route: 'getTask', taskId })).toBe(2);
});

test('two Waits in a row, after a Merge of two Creates', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		workflow('Merge')
			.node('Webhook', webhook('merge'))
			.node('One', stage.creates({ prompt: 'One' }))
			.node('Two', stage.creates({ prompt: 'Two' }))
			.node('Merge', merge())
			.node('Wait', stage.kling({ operation: 'wait' }))
			.node('Wait again', stage.kling({ operation: 'wait' }))
			.chain('Webhook', 'One', 'Merge', 'Wait', 'Wait again')
			.connect('Webhook', 'Two')
			.connect('Two', 'Merge', { input: 1 })
			.json(),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	for (const task of emulator.tasks()) await emulator.complete(task.id);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	const ids = emulator.tasks().map((task) => task.id);
	expect(jsonOf(done, n8n, 'Wait').map(({ taskId }) => taskId)).toEqual(ids);
	expect(jsonOf(done, n8n, 'Wait again')).toMatchObject(
		ids.map((taskId) => ({ taskId, status: 'completed', timedOut: false })),
	);
});

test('the same Wait is passed several times in a loop', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		workflow('Loop')
			.node('Webhook', webhook('loop'))
			.node('Items', code('return [1, 2].map((number) => ({ json: { number } }));'))
			.node('Each', {
				type: 'n8n-nodes-base.splitInBatches',
				typeVersion: 3,
				parameters: { options: {} },
			})
			.node(
				'Kling',
				stage.creates({ operation: 'createAndWait', prompt: '=No {{ $json.number }}' }),
			)
			.node('End', noOp())
			.chain('Webhook', 'Items', 'Each', 'End')
			.connect('Each', 'Kling', { output: 1 })
			.connect('Kling', 'Each')
			.json(),
	);
	const id = await start();
	for (const prompt of ['No 1', 'No 2']) {
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		const task = emulator.tasks().at(-1);
		expect(task?.prompt).toBe(prompt);
		await emulator.complete(task?.id ?? '');
		if (prompt === 'No 1') await until(() => emulator.tasks().length === 2 || undefined);
	}
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'End').map(({ taskId }) => taskId)).toEqual(
		emulator.tasks().map((task) => task.id),
	);
});

test('Wait follows a Create in a sub-workflow by looking at intervals', async () => {
	const { emulator, n8n } = stage;
	const sub = await n8n.api.createWorkflow(
		workflow('Sub-workflow')
			.node('Called', {
				type: 'n8n-nodes-base.executeWorkflowTrigger',
				typeVersion: 1.1,
				parameters: { inputSource: 'passthrough' },
			})
			.node('Create', stage.creates())
			.chain('Called', 'Create')
			.json(),
	);
	await n8n.api.activate(sub.id);
	const { start } = await stage.publish(
		production('Parent', numbered(1), {
			Sub: {
				type: 'n8n-nodes-base.executeWorkflow',
				typeVersion: 1.2,
				parameters: {
					workflowId: { __rl: true, mode: 'id', value: sub.id },
					options: {},
				},
			},
			Wait: stage.kling({ operation: 'wait', options: { pollInterval: 2 } }),
		}),
	);
	const id = await start();
	await until(() => emulator.count({ route: 'getTask' }) > 0 || undefined);
	expect(await statusOf(id)).toBe('running');
	await emulator.complete(emulator.tasks()[0]?.id ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Sub')).toMatchObject([{ callback: 'none' }]);
	expect(jsonOf(done, n8n, 'Wait')).toMatchObject([{ status: 'completed', timedOut: false }]);
});

test('many tasks that finish at once cost few reads, and resume the execution once', async () => {
	const { emulator, n8n } = stage;
	const { id, taskIds } = await suspend(stage, 'Many at once', { count: 30 });
	await Promise.all(taskIds.map(async (taskId) => await emulator.complete(taskId)));
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	const results = jsonOf(done, n8n, 'Many at once');
	expect(results.map(({ taskId }) => taskId)).toEqual(taskIds);
	expect(results.every(({ status }) => status === 'completed')).toBe(true);
	// One before the wait, one when it was finished, and at most one more for each callback.
	expect(emulator.count({ route: 'getTask' })).toBeLessThanOrEqual(3 * 30);
});
