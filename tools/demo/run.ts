import { createWriteStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { isFinished, type Execution } from '../../test/harness/n8n/api';
import type { N8nInstance } from '../../test/harness/n8n/instance';
import { DemoFault, messageOf } from './fault';
import { ROOT } from './instance';
import type { Progress } from './progress';
import type { Service } from './service';

const NODE = 'Create Video and Wait';
const LOOK_MS = 200;
const EXECUTION_MS = 60_000;
const VIDEO_MS = 300_000;
const OUTPUT = join(ROOT, 'demo-output');

/** How the package tells n8n's log of a paid task. */
const CREATED = /Kling.*task ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/;
const finishedSchema = z.object({ status: z.string(), videoUrl: z.string().nullable() });

/** A workflow that runs in an n8n. */
export interface Run {
	n8n: N8nInstance;
	executionId: string;
}

/** Runs the workflow by hand, as the editor does. Resolves as soon as n8n's log names the task. */
export async function startVideo(
	n8n: N8nInstance,
	workflowId: string,
): Promise<{ run: Run; taskId: string }> {
	const run = { n8n, executionId: await n8n.api.runWorkflow(workflowId) };
	for (;;) {
		const taskId = CREATED.exec(n8n.log())?.[1];
		if (taskId !== undefined) return { run, taskId };
		const reason = await failureOf(run);
		if (reason !== undefined) throw new DemoFault(`The workflow made no task: ${reason}`);
		await delay(LOOK_MS);
	}
}

/** Shows the task's progress until it has finished; rejects when the workflow fails before. */
export async function followTask(
	run: Run,
	taskId: string,
	{ service, everyMs }: { service: Service; everyMs: number },
	progress: Progress,
): Promise<void> {
	const startedAt = Date.now();
	for (;;) {
		const [status, balance] = await Promise.all([service.status(taskId), service.balance()]);
		progress.task(status, (Date.now() - startedAt) / 1000, balance);
		if (status === 'completed' || status === 'failed') break;
		const reason = await failureOf(run);
		if (reason !== undefined) throw new DemoFault(`The workflow stopped: ${reason}`);
		await delay(everyMs);
	}
	progress.settle();
}

/** The video's address, from the output of the finished execution. */
export async function resultOf({ n8n, executionId }: Run): Promise<string> {
	const execution = await n8n.api.waitForExecution(executionId, { timeoutMs: EXECUTION_MS });
	if (execution.status !== 'success') {
		throw new DemoFault(`The workflow stopped: ${errorText(execution)}`);
	}
	const task = finishedSchema.parse(n8n.api.outputOf(execution, NODE)[0]?.json);
	if (task.videoUrl !== null) return task.videoUrl;
	throw new DemoFault(`The task ended as “${task.status}”, without a video.`);
}

/** Downloads a video to `demo-output/<taskId>.mp4`; the file appears only once it is complete. */
export async function saveVideo(
	url: string,
	taskId: string,
): Promise<{ path: string; bytes: number }> {
	const file = join(OUTPUT, `${taskId.replace(/[^\w-]/g, '_')}.mp4`);
	const unfinished = `${file}.part`;
	mkdirSync(OUTPUT, { recursive: true });
	try {
		const response = await fetch(url, { signal: AbortSignal.timeout(VIDEO_MS) });
		if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
		await pipeline(Readable.fromWeb(response.body), createWriteStream(unfinished));
		const { size } = statSync(unfinished);
		if (size === 0) throw new Error('the file is empty');
		renameSync(unfinished, file);
		return { path: relative(ROOT, file), bytes: size };
	} catch (error) {
		rmSync(unfinished, { force: true });
		throw new DemoFault(`The video at ${url} could not be saved (${messageOf(error)}).`);
	}
}

async function failureOf({ n8n, executionId }: Run): Promise<string | undefined> {
	const execution = await n8n.api.getExecution(executionId);
	if (!isFinished(execution.status) || execution.status === 'success') return undefined;
	return errorText(execution);
}

function errorText({ status, data }: Execution): string {
	const { error } = data.resultData;
	if (error === undefined) return `its execution ended as “${status}”.`;
	return [error.message, error.description].filter(Boolean).join(' ');
}
