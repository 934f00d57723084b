import { setTimeout as delay } from 'node:timers/promises';

import { isFinished, type Execution, type ExecutionSummary } from '../harness/n8n/api';
import type { WorkflowJson } from '../harness/n8n/workflow';
import { readExample, withCredential } from '../harness/n8n/examples';
import { numbered, production } from '../harness/n8n/stage';
import {
	callbackStatuses,
	callOften,
	inParallel,
	useQueueStage,
	taskIdOf,
	untilAllSleep,
} from '../harness/queue/stage';

/** How many executions wait in each case. */
const EXECUTIONS = 100;
const CONCURRENCY = 5;
const PRICE = 110;
/** How many callbacks have come in when something is killed. */
const MIDWAY = 30;
const CALLBACKS_AT_ONCE = 10;
const PATIENCE_MS = 420_000;
/** An execution in somebody's hands goes on sooner; those of a dead worker took n8n half a minute. */
const STUCK_MS = 120_000;

const stage = useQueueStage({
	concurrency: CONCURRENCY,
	env: {
		// A dead worker's jobs are noticed sooner than after n8n's minute or two.
		QUEUE_WORKER_LOCK_DURATION: '10000',
		QUEUE_WORKER_LOCK_RENEW_TIME: '3000',
		QUEUE_WORKER_STALLED_INTERVAL: '5000',
	},
});
jest.setTimeout(900_000);

beforeEach(() => {
	stage.emulator.setBalance(stage.emulator.apiKey, EXECUTIONS * PRICE);
});

/** Many executions of Create, Wait and one more node, all asleep: the workflow's id. */
async function allAsleep(name: string): Promise<string> {
	const json = production(name, numbered(1), {
		Create: stage.creates(),
		Wait: stage.kling({ operation: 'wait' }),
		After: stage.kling({ operation: 'getCredits' }),
	});
	const { id } = await stage.publish(json);
	await callOften(stage.n8n.webhookUrl(String(json.nodes[0]?.parameters.path)), EXECUTIONS);
	await untilAllSleep(stage, id, EXECUTIONS);
	expect(stage.emulator.tasks()).toHaveLength(EXECUTIONS);
	return id;
}

/** Completes all tasks, their callbacks included, and does something when some have come in. */
async function completeAll(midway: () => Promise<void>): Promise<void> {
	let completed = 0;
	let interruption: Promise<void> | undefined;
	await inParallel(stage.emulator.tasks(), CALLBACKS_AT_ONCE, async (task) => {
		await stage.emulator.complete(task.id);
		completed += 1;
		if (completed === MIDWAY) interruption = midway();
	});
	await interruption;
	await stage.emulator.settled();
}

/** Calls back once more for the tasks whose callback n8n did not take, as nobody but a test does. */
async function repeatUnanswered(): Promise<number> {
	const unanswered = stage.emulator
		.tasks()
		.filter((task) => !callbackStatuses(task).some((status) => status === 200));
	await inParallel(unanswered, CALLBACKS_AT_ONCE, async ({ id }) => {
		await stage.emulator.sendCallback(id);
	});
	return unanswered.length;
}

/**
 * The executions of a workflow once each is finished, or nothing moves any more: n8n has lost track
 * of those that are still “running” then. Patient: n8n looks for due timers once a minute, and takes
 * its time to notice that a worker is gone.
 */
async function untilNothingMoves(workflowId: string): Promise<ExecutionSummary[]> {
	const giveUpAt = Date.now() + PATIENCE_MS;
	let movedAt = Date.now();
	let before = '';
	for (;;) {
		const listed = await stage.n8n.api.listExecutions(workflowId);
		const open = listed.filter(({ status }) => !isFinished(status));
		const now = open.map(({ id, status }) => `${id} ${status}`).join();
		if (now !== before) movedAt = Date.now();
		before = now;
		const stuck = open.every(({ status }) => status === 'running');
		if (open.length === 0 || (stuck && Date.now() - movedAt > STUCK_MS)) return listed;
		if (Date.now() > giveUpAt) throw new Error(`Not finished: ${now}`);
		await delay(500);
	}
}

/** All executions of a workflow with everything they hold, once they are all finished. */
async function allFinished(workflowId: string): Promise<Execution[]> {
	const listed = await untilNothingMoves(workflowId);
	expect(listed.filter(({ status }) => !isFinished(status))).toEqual([]);
	const executions: Execution[] = [];
	await inParallel(listed, 5, async ({ id }) => {
		executions.push(await stage.n8n.api.getExecution(id));
	});
	return executions;
}

/** Each execution went through its nodes once, with a video of its own, paid once. */
function expectEachOnce(executions: readonly Execution[], waitNode = 'Wait'): void {
	const taskIds = executions.map((execution) => {
		const [item] = stage.n8n.api.outputOf(execution, waitNode);
		expect(item?.json).toMatchObject({ status: 'completed', timedOut: false });
		return taskIdOf(item);
	});
	expect(new Set(taskIds).size).toBe(executions.length);
	expect(stage.emulator.tasks()).toHaveLength(EXECUTIONS);
	expect(stage.emulator.account().totalConsumed).toBe(EXECUTIONS * PRICE);
}

/** Without loss, and without a node that ran twice. */
async function expectAllOnce(workflowId: string): Promise<void> {
	const executions = await allFinished(workflowId);
	expect(executions.map(({ status }) => status)).toEqual(executions.map(() => 'success'));
	expect(executions).toHaveLength(EXECUTIONS);
	for (const { data } of executions) {
		expect(data.resultData.runData.Wait).toHaveLength(1);
		expect(data.resultData.runData.After).toHaveLength(1);
	}
	expectEachOnce(executions);
}

test(`kill -9 of the main process: ${EXECUTIONS} waits lose nothing, and go on while it is down`, async () => {
	const { n8n } = stage;
	const workflowId = await allAsleep('Main killed');
	await completeAll(async () => {
		await n8n.kill();
	});
	expect(stage.emulator.tasks().flatMap(callbackStatuses)).toEqual(
		stage.emulator.tasks().map(() => 200),
	);
	await n8n.restart();
	await expectAllOnce(workflowId);
});

test(`kill -9 of a worker: of ${EXECUTIONS} waits n8n loses only what that worker had in hand`, async () => {
	const { n8n } = stage;
	const [killed] = n8n.workers;
	const workflowId = await allAsleep('Worker killed');
	await completeAll(async () => {
		await killed?.kill();
	});
	const executions = await allFinished(workflowId);
	await killed?.start();
	const lost = executions.filter(({ status }) => status !== 'success');
	expect(lost.length).toBeLessThanOrEqual(CONCURRENCY);
	expect(executions).toHaveLength(EXECUTIONS);
	expectEachOnce(executions.filter(({ status }) => status === 'success'));
	// n8n gives these up, since their worker no longer says that it has them in hand, and drops what
	// they had, the task's id included. (What a worker took last is not in its log yet when it dies.)
	for (const { status, data } of lost) {
		expect(status).toBe('error');
		expect(data.resultData.error?.message).toContain('failed to be processed too many times');
		expect(data.resultData.runData).toEqual({});
	}
});

// A Redis that runs elsewhere is not ours to kill.
test(`Redis killed and started again: ${EXECUTIONS} waits lose nothing`, async () => {
	const { redis } = stage.n8n;
	const workflowId = await allAsleep('Redis restarted');
	await completeAll(async () => {
		await redis.kill();
		await redis.start();
	});
	await repeatUnanswered();
	await expectAllOnce(workflowId);
});

/** The loop example with a timeout that suits a test. */
function waitLoop(timeoutMinutes: number): WorkflowJson {
	return withCredential(readExample('wait-loop'), stage.credential, ({ name }) =>
		name === 'Wait for Video' ? { timeout: timeoutMinutes } : {},
	);
}

test(`kill -9 of the webhook processor: callbacks are lost meanwhile, of ${EXECUTIONS} the loop example finishes all that n8n kept`, async () => {
	const { emulator, n8n } = stage;
	const { id: workflowId } = await n8n.api.createWorkflow(waitLoop(1.5));
	await n8n.api.activate(workflowId);
	await callOften(n8n.webhookUrl('wait-loop'), EXECUTIONS, (index) => ({
		prompt: `Number ${index}`,
		imageUrl: emulator.imageUrl(),
	}));
	await untilAllSleep(stage, workflowId, EXECUTIONS);
	await completeAll(async () => {
		await n8n.webhook.kill();
	});
	const lost = emulator.tasks().filter((task) => !callbackStatuses(task).includes(200));
	expect(lost.length).toBeGreaterThan(0);
	await n8n.webhook.start();

	// n8n notices only now what it was about to wake when the processor died (docs/queue-mode.md).
	const listed = await untilNothingMoves(workflowId);
	if (!listed.every(({ status }) => isFinished(status))) await n8n.restart();
	const executions = await allFinished(workflowId);
	expect(executions).toHaveLength(EXECUTIONS);
	const crashed = executions.filter(({ status }) => status !== 'success');
	expect(crashed.map(({ status }) => status)).toEqual(crashed.map(() => 'crashed'));
	expect(crashed.length).toBeLessThanOrEqual(CALLBACKS_AT_ONCE);
	for (const { data } of executions) {
		expect(data.resultData.runData['Create Video']).toHaveLength(1);
	}
	const through = executions.filter(({ status }) => status === 'success');
	for (const { data } of through) {
		expect(data.resultData.runData['Keep What Is Needed']).toHaveLength(1);
	}
	expectEachOnce(through, 'Wait for Video');
});
