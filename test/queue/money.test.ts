import { chain, jsonOf, numbered, production, until, withTrigger } from '../harness/n8n/stage';
import { RETRIES } from '../harness/n8n/workflow';
import { useQueueStage } from '../harness/queue/stage';

/** In queue mode a worker pays: it keeps the journal, and has the ids in its own log. */

const PRICE = 110;

// A production execution that the webhook processor began is never stopped on its worker (n8n 2.41).
const stage = useQueueStage({ env: { OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true' } });
jest.setTimeout(600_000);

const ids = () => stage.emulator.tasks().map(({ id }) => id);
const charged = () => stage.emulator.account().totalConsumed;
const creations = () => stage.emulator.count({ route: 'create' });

/** What all workers have printed. */
const workerLog = () => stage.n8n.workers.map((worker) => worker.log()).join('\n');

const untilTrue = async (condition: () => boolean) =>
	await until(() => (condition() ? true : undefined));

const creates = (parameters: Record<string, unknown> = {}, settings = {}) =>
	stage.creates(
		{ callback: 'none', prompt: '=Number {{ $json.number }} {{ $now.toMillis() }}', ...parameters },
		settings,
	);

async function expectAllLogged(): Promise<void> {
	await untilTrue(() => ids().every((id) => workerLog().includes(`created: task ${id} (`)));
}

test('Create and Wait that sleeps, with Retry On Fail, pays once and wakes with the right videos', async () => {
	const { emulator, n8n } = stage;
	const { start } = await stage.publish(
		production('Sleeping', numbered(2), {
			Kling: stage.creates({ operation: 'createAndWait' }, RETRIES),
		}),
	);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	for (const taskId of ids()) await emulator.complete(taskId);
	await n8n.api.waitForExecution(id, { status: 'success' });
	expect([creations(), charged()]).toEqual([2, 2 * PRICE]);
	const statuses = emulator
		.tasks()
		.flatMap(({ callbacks }) => callbacks.map(({ status }) => status));
	expect(statuses).toEqual([200, 200]);
});

test('Retry execution on another worker’s data pays only for what is missing, and finds the trigger', async () => {
	const { n8n } = stage;
	const { api } = n8n;
	stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 2 });
	const node = creates({ prompt: '=Number {{ $json.number }}', callback: 'trigger' });
	const json = production('Retried', numbered(3), { Kling: node });
	const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
	const failed = await api.waitForExecution(await start(), { status: 'error' });
	expect(api.errorOf(failed, 'Kling')?.message).toMatch(/2 of 3 videos were already created\)$/);
	const retry = await api.retryExecution(failed.id);
	const done = await api.waitForExecution(retry, { status: 'success' });
	const callbackUrl = n8n.webhookUrl(`kling/${id}`);
	expect(jsonOf(done, n8n, 'Kling')).toMatchObject(
		ids().map((taskId) => ({ taskId, callbackUrl })),
	);
	expect([creations(), charged()]).toEqual([4, 3 * PRICE]);
});

test('Stop lets what a worker has under way end, and its log has every id', async () => {
	const { emulator, n8n } = stage;
	emulator.fault({ match: { method: 'POST' }, fault: { delay: 2_000 }, times: 'always' });
	const workflow = await n8n.api.createWorkflow(
		chain('Stopped', numbered(12), { Kling: creates({ options: { concurrency: 5 } }) }),
	);
	const id = await n8n.api.runWorkflow(workflow.id);
	await untilTrue(() => creations() === 5);
	await n8n.api.stopExecution(id);
	await until(async () =>
		(await n8n.api.listExecutions(workflow.id)).find(({ status }) => status === 'canceled'),
	);
	await untilTrue(() => emulator.count({ route: 'create', status: 200 }) === 5);
	await expectAllLogged();
	expect(ids()).toHaveLength(5);
	expect(creations()).toBe(5);
});
