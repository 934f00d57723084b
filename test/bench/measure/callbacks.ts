import { webhook, workflow } from '../../harness/n8n/workflow';
import { createTask } from '../../harness/node/tasks';
import { inParallel } from '../../harness/queue/stage';
import { lastEnd } from '../executions';
import type { Row } from '../report';
import { resetEmulator, type BenchStage, type Deployed } from '../stages';
import { httpRequest } from '../workflows';

const TASKS = 300;
const AT_ONCE = 10;
const FIGURE = `callbacks a second, ${AT_ONCE} at a time`;

/** The rows on how fast reports of finished videos are taken, in regular mode. */
export async function callbackRows(stage: BenchStage): Promise<Row[]> {
	resetEmulator(stage.emulator);
	const taskIds = await finishedTasks(stage);
	const trigger = await stage.deploy(
		workflow('Trigger').node('Kling Trigger', stage.trigger()).json(),
	);
	const own: Deployed = { id: trigger.id, url: stage.n8n.webhookUrl(`kling/${trigger.id}`) };
	const usual = await deployUsual(stage, 2);
	const sandboxed = await deployUsual(stage, 1);
	const first = await measure(stage, own, taskIds, TASKS);
	const repeated = await measure(stage, own, taskIds, TASKS);
	const plain = await measure(stage, usual, taskIds, TASKS);
	const equal = await measure(stage, sandboxed, taskIds, TASKS);
	const rows: Array<[string, number]> = [
		['Kling Trigger: verified, de-duplicated and answered', first.answered],
		['Kling Trigger: executions through', first.through],
		['Kling Trigger: repeated callbacks answered', repeated.answered],
		['Webhook node + HTTP Request node: answered, nothing verified yet', plain.answered],
		['Webhook node + HTTP Request node: executions through, nothing de-duplicated', plain.through],
		[
			'the same with the Webhook node’s version 1, which n8n treats like any other trigger',
			equal.through,
		],
	];
	return rows.map(([what, rate]) => ({
		figure: FIGURE,
		what,
		value: `${rate.toFixed(1)} / s`,
		n: TASKS,
	}));
}

/** The usual way; n8n spares only the newer versions of its Webhook node the sandbox for expressions. */
async function deployUsual(stage: BenchStage, typeVersion: number): Promise<Deployed> {
	const path = `report-${typeVersion}`;
	return await stage.deploy(
		workflow(`Webhook ${typeVersion} and HTTP Request`)
			.node('Webhook', { ...webhook(path), typeVersion })
			.node('Get', httpRequest(stage, 'GET', '/v1/tasks/{{ $json.body.id }}'))
			.chain('Webhook', 'Get')
			.json(),
	);
}

async function finishedTasks({ emulator }: BenchStage): Promise<string[]> {
	const indices = Array.from({ length: TASKS }, (_, index) => index);
	await inParallel(indices, AT_ONCE, async (index) => {
		await createTask(emulator, `Number ${index}`);
	});
	for (const { id } of emulator.tasks()) await emulator.complete(id);
	return emulator.tasks().map(({ id }) => id);
}

/** Reports each task once; what is answered and what is through, both per second. */
async function measure(
	{ log }: BenchStage,
	{ id, url }: Deployed,
	taskIds: readonly string[],
	executions: number,
): Promise<{ answered: number; through: number }> {
	const startedAt = Date.now();
	await inParallel(taskIds, AT_ONCE, async (taskId) => {
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ id: taskId, status: 'completed' }),
		});
		await response.text();
		if (!response.ok) throw new Error(`The callback was answered with ${response.status}`);
	});
	const answeredAt = Date.now();
	await log.untilCount(id, 'success', executions);
	const all = await log.all(id);
	if (all.length !== executions) throw new Error(`${all.length} executions, not ${executions}`);
	const perSecond = (until: number) => (taskIds.length * 1000) / (until - startedAt);
	return { answered: perSecond(answeredAt), through: perSecond(lastEnd(all)) };
}
