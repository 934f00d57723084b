import { asset, expectVideos, sha256, uploadPhoto } from '../harness/n8n/media';
import { chain, jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const stage = useStage();

test('Create, then Wait: the execution sleeps until the callback', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		production('Create, Wait', numbered(1), {
			Create: stage.creates(),
			Wait: stage.kling({ operation: 'wait' }),
		}),
	);
	const id = await start();
	const waiting = await n8n.api.waitForExecution(id, { status: 'waiting' });
	const [created] = jsonOf(waiting, n8n, 'Create');
	expect(created).toMatchObject({ status: 'pending', callback: 'execution' });

	const [task] = emulator.tasks();
	await emulator.complete(task?.id ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Wait')).toEqual([
		expect.objectContaining({ taskId: task?.id, status: 'completed', timedOut: false }),
	]);
	expect(n8n.api.outputOf(done, 'Wait')[0]?.pairedItem).toEqual({ item: 0 });
	// On a slow machine a look may come before the callback.
	expect([2, 3]).toContain(emulator.count({ route: 'getTask', taskId: task?.id }));
	expect(emulator.task(task?.id ?? '').callbacks.map(({ status }) => status)).toEqual([200]);
});

test('Create and Wait of three items resumes once, with each result where it belongs', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		production('Create and Wait', numbered(3), {
			Kling: stage.creates({ operation: 'createAndWait', prompt: '=Number {{ $json.number }}' }),
		}),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	const tasks = [...emulator.tasks()].sort((a, b) => a.prompt.localeCompare(b.prompt));
	const [first, second, third] = tasks.map((task) => task.id);
	await emulator.complete(third ?? '');
	await emulator.fail(first ?? '');
	expect((await n8n.api.getExecution(id)).status).toBe('waiting');
	await emulator.complete(second ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling')).toEqual([
		expect.objectContaining({ taskId: first, status: 'failed' }),
		expect.objectContaining({ taskId: second, status: 'completed', estimatedCredits: 110 }),
		expect.objectContaining({ taskId: third, status: 'completed', callback: 'execution' }),
	]);
});

test('a failed task leaves by the error output after a suspension, named', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		production('Error output', numbered(2), {
			Kling: stage.creates(
				{ operation: 'createAndWait', prompt: '=Number {{ $json.number }}' },
				{ onError: 'continueErrorOutput' },
			),
		}),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	const [failing, completing] = [...emulator.tasks()].map((task) => task.id);
	await emulator.fail(failing ?? '', { code: 'upstream_error', message: 'Sensitive content' });
	await emulator.complete(completing ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling')).toEqual([expect.objectContaining({ taskId: completing })]);
	expect(jsonOf(done, n8n, 'Kling', 1)).toEqual([
		expect.objectContaining({ error: expect.stringContaining(failing ?? '') }),
	]);
});

test('by hand in the editor it sleeps and resumes as well', async () => {
	const { emulator, n8n } = stage;
	const waiting = await stage.run(
		chain('By hand', numbered(1), {
			Create: stage.creates(),
			Wait: stage.kling({ operation: 'wait' }),
		}),
		'waiting',
	);
	const [task] = emulator.tasks();
	await emulator.complete(task?.id ?? '');
	const done = await n8n.api.waitForExecution(waiting.id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Wait')).toMatchObject([{ taskId: task?.id, status: 'completed' }]);
});

test('an uploaded photo becomes a video that comes out as a file', async () => {
	const { emulator, n8n } = stage;
	const id = await uploadPhoto(stage);
	// The API fetches the image after its answer.
	const task = await until(() => emulator.tasks().find(({ images }) => images.length > 0));
	expect(task.images).toMatchObject([{ ok: true, sha256: sha256(asset('photo.jpg')) }]);
	await emulator.complete(task.id);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	await expectVideos(stage, n8n.api.outputOf(done, 'Kling')[0], task.id, { data: 0 });
});
