import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isFinished } from '../harness/n8n/api';
import { installFirstVersion, installPackage } from '../harness/n8n/communityPackage';
import { packPackage } from '../harness/n8n/package';
import {
	jsonOf,
	numbered,
	openStage,
	production,
	until,
	type Published,
	type Stage,
} from '../harness/n8n/stage';
import { set, waitForCall, workflow } from '../harness/n8n/workflow';
import type { EmulatedTask } from '../emulator';

/**
 * Executions and workflows that the package's first version left behind, then the package is
 * replaced and n8n started again.
 */

jest.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'kling-upgrade-'));

interface Left {
	/** The execution that the first version ran. */
	id: string;
	workflow: Published;
	tasks: readonly EmulatedTask[];
}

let stage: Stage | undefined;
let sleeping: Left;
let failed: Left;
let paused: Left;
let triggered: Left;

beforeAll(async () => {
	installFirstVersion(folder);
	stage = await openStage({
		emulator: { paceMs: Infinity, callbackTimeoutMs: 60_000 },
		n8n: { userFolder: folder, tarball: undefined },
	});
	sleeping = await leaveSleeping(stage);
	failed = await leaveFailed(stage);
	paused = await leavePaused(stage);
	triggered = await leaveTriggered(stage);

	await stage.n8n.kill();
	await installPackage(await packPackage(), folder);
	await stage.n8n.restart();
});

afterAll(async () => {
	await stage?.stop();
	rmSync(folder, { recursive: true, force: true });
});

function opened(): Stage {
	if (stage === undefined) throw new Error('n8n did not start.');
	return stage;
}

/** Starts a workflow and notes the tasks that it creates before it rests. */
async function leave(
	{ emulator, n8n, publish }: Stage,
	json: Parameters<Stage['publish']>[0],
	status: 'waiting' | 'error' | 'success',
): Promise<Left> {
	const before = emulator.tasks().length;
	const published = await publish(json);
	const id = await published.start();
	await n8n.api.waitForExecution(id, { status });
	return { id, workflow: published, tasks: emulator.tasks().slice(before) };
}

function leaveSleeping(stage: Stage): Promise<Left> {
	const waits = stage.creates({
		operation: 'createAndWait',
		prompt: '=Number {{ $json.number }}',
	});
	return leave(stage, production('Sleeping', numbered(2), { Kling: waits }), 'waiting');
}

/** The second of three creates is refused. */
function leaveFailed(stage: Stage): Promise<Left> {
	stage.emulator.fault({
		match: { method: 'POST', path: '/v1/videos' },
		fault: 'http:400',
		skip: 1,
	});
	const creates = stage.creates({ prompt: '=Number {{ $json.number }}', callback: 'execution' });
	return leave(stage, production('Failed', numbered(3), { Kling: creates }), 'error');
}

/** Between Create and Wait, whose items have lost all but the task's id. */
function leavePaused(stage: Stage): Promise<Left> {
	const json = production('Paused', numbered(1), {
		Create: stage.creates({ callback: 'execution' }),
		Pause: waitForCall(),
		Shorten: set({ taskId: "={{ $('Create').item.json.taskId }}" }, { keepOthers: false }),
		Wait: stage.kling({ operation: 'wait' }),
	});
	return leave(stage, json, 'waiting');
}

async function leaveTriggered(stage: Stage): Promise<Left> {
	const create = stage.creates({ callback: 'trigger' });
	const json = production('Triggered', numbered(1), { Create: create });
	const trigger = workflow('Triggered').node('When a video ends', stage.trigger()).json();
	const left = await leave(stage, { ...json, nodes: [...json.nodes, ...trigger.nodes] }, 'success');
	await stage.emulator.complete(left.tasks[0]?.id ?? '');
	await untilRuns(stage, left.workflow.id, 2);
	return left;
}

/** Waits until a workflow has so many executions, all finished. */
async function untilRuns({ n8n }: Stage, workflowId: string, count: number): Promise<void> {
	await until(async () => {
		const listed = await n8n.api.listExecutions(workflowId);
		const finished = listed.filter(({ status }) => isFinished(status));
		return finished.length === count && listed.length === count ? true : undefined;
	});
}

test('an execution that sleeps resumes when its tasks are finished, each item with its own', async () => {
	const { emulator, n8n } = opened();
	const { id, tasks } = sleeping;
	const [second, first] = [...tasks].reverse();
	await emulator.complete(second?.id ?? '');
	expect((await n8n.api.getExecution(id)).status).toBe('waiting');
	await emulator.fail(first?.id ?? '');
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Kling')).toMatchObject([
		{ taskId: first?.id, status: 'failed', timedOut: false, estimatedCredits: 110 },
		{ taskId: second?.id, status: 'completed', timedOut: false, duration: 5, sound: false },
	]);
	expect(emulator.task(first?.id ?? '').callbacks.map(({ status }) => status)).toEqual([200]);
});

test('Retry of a failed run reuses the tasks that it has paid, and creates only the others', async () => {
	const { emulator, n8n } = opened();
	expect(failed.tasks).toHaveLength(1);
	const before = emulator.tasks().length;
	const again = await n8n.api.retryExecution(failed.id, { loadWorkflow: true });
	const done = await n8n.api.waitForExecution(again, { status: 'success' });
	const created = emulator.tasks().slice(before);
	expect(created.map(({ prompt }) => prompt).sort()).toEqual(['Number 1', 'Number 2']);
	expect(jsonOf(done, n8n, 'Kling')[0]).toMatchObject({ taskId: failed.tasks[0]?.id });
});

test('a Wait knows of the callback that an earlier Create of its execution has asked for', async () => {
	const { emulator, n8n } = opened();
	const [task] = paused.tasks;
	const resumeUrl = task?.callbackUrl ?? '';
	await fetch(resumeUrl, { method: 'POST' });
	await until(async () => {
		const { data, status } = await n8n.api.getExecution(paused.id);
		return status === 'waiting' && 'Wait' in data.resultData.runData ? true : undefined;
	});
	await emulator.complete(task?.id ?? '');
	const done = await n8n.api.waitForExecution(paused.id, { status: 'success' });
	expect(jsonOf(done, n8n, 'Wait')).toMatchObject([{ taskId: task?.id, status: 'completed' }]);
});

test('the trigger goes on listening, is found by Create, and remembers what it has delivered', async () => {
	const { emulator, n8n } = opened();
	const [delivered] = triggered.tasks;
	expect(await emulator.sendCallback(delivered?.id ?? '')).toEqual([200]);
	const before = emulator.tasks().length;
	const created = await n8n.api.waitForExecution(await triggered.workflow.start());
	const [task] = emulator.tasks().slice(before);
	expect(jsonOf(created, n8n, 'Create')).toMatchObject([
		{ taskId: task?.id, callback: 'trigger', callbackUrl: delivered?.callbackUrl },
	]);
	await emulator.complete(task?.id ?? '');
	// Create twice, and the trigger once for each of the two tasks.
	await untilRuns(opened(), triggered.workflow.id, 4);
});
