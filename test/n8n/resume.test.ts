import { merge, webhook, workflow } from '../harness/n8n/workflow';
import { jsonOf, suspend } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

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
