import { jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { callbackStatuses, useQueueStage } from '../harness/queue/stage';

/** In queue mode a worker looks at the tasks of its executions, and any webhook processor resumes them. */

const stage = useQueueStage({ webhooks: 2 });
jest.setTimeout(600_000);

const TIMEOUT_MINUTES = 0.5;

/** Create and Wait of one video, asleep: its execution's id and its task's. */
async function asleep(name: string, prompt: string): Promise<{ id: string; taskId: string }> {
	const { start } = await stage.publish(
		production(name, numbered(1), {
			Kling: stage.creates({ operation: 'createAndWait', prompt, timeout: TIMEOUT_MINUTES }),
		}),
	);
	const id = await start();
	await stage.n8n.api.waitForExecution(id, { status: 'waiting' });
	return { id, taskId: stage.emulator.tasks().at(-1)?.id ?? '' };
}

test('the worker looks, and the webhook processor resumes', async () => {
	const { emulator, n8n } = stage;
	const { id, taskId } = await asleep('Lost', 'A cat [callback:lost]');
	await emulator.complete(taskId);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ status: 'completed', timedOut: false }]);
	// Before the wait, by the worker that looks, and by the webhook processor that believes nobody.
	// A look may have come before the task was finished.
	expect([3, 4]).toContain(emulator.count({ route: 'getTask', taskId }));
});

test.each(['http:503', 'http:401', 'http:403'] as const)(
	'%s for a while, in the webhook processors, ends no wait: they insist',
	async (fault) => {
		const { emulator, n8n } = stage;
		const { id, taskId } = await asleep(fault, 'A cat');
		emulator.fault({ match: { taskId }, fault, times: 3 });
		await emulator.complete(taskId);
		expect(callbackStatuses(emulator.task(taskId))).toEqual([503]);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ status: 'completed', timedOut: false }]);
	},
);

test('callbacks that reach both webhook processors while a file is on its way pay for nothing behind twice', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		production('Two clips', numbered(1), {
			First: stage.creates({ operation: 'createAndWait', downloadVideo: true }),
			Second: stage.creates({ operation: 'createAndWait' }),
		}),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	const [{ id: first } = { id: '' }] = emulator.tasks();
	emulator.fault({ match: { path: '/videos/' }, fault: { delay: 3_000 }, times: 2 });
	const completed = emulator.complete(first);
	await until(() => emulator.count({ route: 'video' }) || undefined);
	await emulator.sendCallback(first);
	await completed;
	const second = await until(() => emulator.tasks()[1]?.id);
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	await emulator.sendCallback(first);
	await emulator.complete(second);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Second')).toMatchObject([{ taskId: second, status: 'completed' }]);
	expect([emulator.tasks().length, emulator.account().totalConsumed]).toEqual([2, 220]);
});

test('when the worker is killed, callback and timer remain', async () => {
	const { emulator, n8n } = stage;
	const told = await asleep('Told', 'A cat');
	const untold = await asleep('Untold', 'A dog [callback:lost]');
	for (const worker of n8n.workers) await worker.kill();
	const readsOf = (taskId: string) => emulator.count({ route: 'getTask', taskId });
	const reads = readsOf(untold.taskId);
	for (const worker of n8n.workers) await worker.start();
	await emulator.complete(told.taskId);
	await emulator.complete(untold.taskId);
	const done = await n8n.api.waitForExecution(told.id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ status: 'completed', timedOut: false }]);
	const ended = await n8n.api.waitForExecution(untold.id, {
		status: 'success',
		timeoutMs: 300_000,
	});
	expect(jsonOf(ended, n8n, 'Kling')).toMatchObject([{ taskId: untold.taskId, timedOut: true }]);
	expect(readsOf(untold.taskId)).toBe(reads);
});
