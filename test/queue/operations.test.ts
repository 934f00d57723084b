import { isFinished, type Execution } from '../harness/n8n/api';
import { type WorkflowJson } from '../harness/n8n/workflow';
import { asset, expectVideos, sha256, uploadPhoto } from '../harness/n8n/media';
import {
	jsonOf,
	numbered,
	production,
	startedByTrigger,
	TRIGGER,
	until,
	withTrigger,
} from '../harness/n8n/stage';
import { callOften, useQueueStage, taskIdOf } from '../harness/queue/stage';

const PRICE = 110;

const stage = useQueueStage();
jest.setTimeout(600_000);

const finished = async (id: string) =>
	await stage.n8n.api.waitForExecution(id, { status: 'success' });

/** The names of the workers that had an execution in hand. */
const workersOf = (id: string) => stage.n8n.ranOn(id).map(({ name }) => name);

test('Create and Wait, and Wait, sleep until the callback reaches the webhook processor', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		production('Sleeping', numbered(2), {
			Both: stage.creates({ operation: 'createAndWait' }),
			Create: stage.creates(),
			Wait: stage.kling({ operation: 'wait' }),
		}),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	for (const task of emulator.tasks()) await emulator.complete(task.id);
	await until(() => emulator.tasks().length === 4 || undefined);
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	for (const task of emulator.tasks().slice(2)) await emulator.complete(task.id);
	const done = await finished(id);
	for (const node of ['Both', 'Wait']) {
		expect(jsonOf(done, n8n, node)).toMatchObject([
			{ status: 'completed', timedOut: false },
			{ status: 'completed', timedOut: false },
		]);
	}
	const addresses = emulator.tasks().map(({ callbackUrl }) => callbackUrl);
	expect(addresses.every((url) => url?.startsWith(`${n8n.publicUrl}/webhook-waiting/`))).toBe(true);
	expect(emulator.account().totalConsumed).toBe(4 * PRICE);
});

test('an uploaded photo becomes a video, both kept in the database', async () => {
	const { emulator, n8n } = stage;
	const id = await uploadPhoto(stage);
	const [task] = emulator.tasks();
	const taskId = task?.id ?? '';
	await emulator.complete(taskId);
	const done = await finished(id);
	// Below WEBHOOK_URL as well, but served by the main process.
	expect(emulator.task(taskId).images).toMatchObject([
		{
			url: expect.stringContaining(`${n8n.publicUrl}/rest/binary-data/signed`),
			ok: true,
			sha256: sha256(asset('photo.jpg')),
		},
	]);
	const [item] = n8n.api.outputOf(done, 'Kling');
	expect(item?.json).toMatchObject({ taskId, status: 'completed', downloadError: null });
	expect(item?.binary?.data?.id).toMatch(/^database/);
	await expectVideos(stage, item, taskId, { data: 0 });
});

/** A Create by webhook, and a Kling Trigger of another name than the usual one. */
function createHereTriggerThere(name: string, create: Record<string, unknown>): WorkflowJson {
	const json = production(name, numbered(1), { Create: stage.creates(create) });
	return withTrigger(json, stage.trigger());
}

/** The executions of a workflow that are finished, once there are so many. */
async function finishedOf(workflowId: string, count: number): Promise<Execution[]> {
	const finished = await until(async () => {
		const listed = await stage.n8n.api.listExecutions(workflowId);
		const ended = listed.filter(({ status }) => isFinished(status));
		return ended.length >= count ? ended : undefined;
	});
	return await Promise.all(finished.map(async ({ id }) => await stage.n8n.api.getExecution(id)));
}

test('a renamed trigger’s registration reaches Create on every worker, and each task starts it once', async () => {
	const { emulator, n8n } = stage;
	const json = createHereTriggerThere('Registered', { callback: 'auto' });
	const { id: workflowId } = await stage.publish(json);
	const path = String(json.nodes[0]?.parameters.path);
	const seen = new Set<string>();
	let started = 0;
	while (seen.size < n8n.workers.length && started < 60) {
		await callOften(n8n.webhookUrl(path), 10);
		started += 10;
		for (const { id } of await finishedOf(workflowId, started))
			for (const worker of workersOf(id)) seen.add(worker);
	}
	expect(seen.size).toBe(n8n.workers.length);
	for (const execution of await finishedOf(workflowId, started)) {
		expect(jsonOf(execution, n8n, 'Create')).toMatchObject([
			{ callback: 'trigger', callbackUrl: n8n.webhookUrl(`kling/${workflowId}`) },
		]);
	}

	const ids = emulator.tasks().map((task) => task.id);
	for (const taskId of ids) {
		await emulator.complete(taskId);
		expect(await emulator.sendCallback(taskId)).toEqual([200]);
	}
	const triggered = await startedByTrigger(n8n, workflowId, started);
	const taskIds = triggered.map((run) => taskIdOf(n8n.api.outputOf(run, TRIGGER)[0]));
	expect(taskIds.sort()).toEqual([...ids].sort());
	expect(emulator.account().totalConsumed).toBe(started * PRICE);
});

/** An execution that sleeps in Wait, with one more node behind that. */
async function asleep(name: string): Promise<string> {
	const { start } = await stage.publish(
		production(name, numbered(1), {
			Create: stage.creates(),
			Wait: stage.kling({ operation: 'wait' }),
			After: stage.kling({ operation: 'getCredits' }),
		}),
	);
	const id = await start();
	await stage.n8n.api.waitForExecution(id, { status: 'waiting' });
	return id;
}

test('a wait that one worker suspended goes on at the other when the first is gone', async () => {
	const { emulator, n8n } = stage;
	const id = await asleep('Moving');
	const [first] = n8n.ranOn(id);
	await first?.kill();
	const [task] = emulator.tasks();
	await emulator.complete(task?.id ?? '');
	const done = await finished(id);
	expect(workersOf(id)).toEqual(n8n.workers.map(({ name }) => name));
	expect(jsonOf(done, n8n, 'Wait')).toMatchObject([{ status: 'completed', timedOut: false }]);
	expect(done.data.resultData.runData.After).toHaveLength(1);
	expect(emulator.account().totalConsumed).toBe(PRICE);
	// Before the wait and for the callback; a look may have come before the worker was killed.
	expect([2, 3]).toContain(emulator.count({ route: 'getTask', taskId: task?.id }));
	await first?.start();
});

test('a sleeping execution that n8n gave up as crashed goes on at Retry, with its task and without a new one', async () => {
	const { emulator, n8n } = stage;
	const id = await asleep('Given up');
	// As n8n leaves one that its webhook processor was about to wake when it died.
	await n8n.sql(
		`UPDATE execution_entity SET status = 'crashed', "waitTill" = NULL WHERE id = ${id}`,
	);
	const done = await finished(await n8n.api.retryExecution(id));
	expect(jsonOf(done, n8n, 'Wait')).toMatchObject([
		{ taskId: emulator.tasks()[0]?.id, timedOut: true },
	]);
	expect(done.data.resultData.runData.After).toHaveLength(1);
	expect(emulator.tasks()).toHaveLength(1);
});
