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

const WEBHOOK_PATH = 'kling-demo';
const WAIT_NODE = 'Wait for Video';
const PROMPT = 'The subject turns its head slowly and blinks, soft morning light';
const EXECUTION_MS = 60_000;
const VIDEO_MS = 300_000;
const OUTPUT = join(ROOT, 'demo-output');

const createdSchema = z.object({ taskId: z.string() });
const finishedSchema = z.object({ status: z.string(), videoUrl: z.string().nullable() });

/** Calls the workflow's production webhook, which answers as soon as the task exists. Returns its id. */
export async function callWebhook(
	n8n: N8nInstance,
	workflowId: string,
	imageUrl: string,
): Promise<string> {
	const response = await fetch(n8n.webhookUrl(WEBHOOK_PATH), {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ prompt: PROMPT, imageUrl }),
	});
	const answer = createdSchema.safeParse(response.ok ? await response.json() : undefined);
	if (answer.success) return answer.data.taskId;
	const reason = await failureOf(n8n, workflowId);
	throw new DemoFault(`The workflow made no task: ${reason ?? `HTTP ${response.status}`}`);
}

/** Shows the task's progress until it has finished; rejects when the workflow fails before. */
export async function followTask(
	run: { n8n: N8nInstance; workflowId: string; service: Service; everyMs: number },
	taskId: string,
	progress: Progress,
): Promise<void> {
	const startedAt = Date.now();
	for (;;) {
		const [status, balance] = await Promise.all([
			run.service.status(taskId),
			run.service.balance(),
		]);
		progress.task(status, (Date.now() - startedAt) / 1000, balance);
		if (status === 'completed' || status === 'failed') break;
		const reason = await failureOf(run.n8n, run.workflowId);
		if (reason !== undefined) throw new DemoFault(`The workflow stopped: ${reason}`);
		await delay(run.everyMs);
	}
	progress.settle();
}

/** The video's address, from the output of the finished execution. */
export async function resultOf(n8n: N8nInstance, workflowId: string): Promise<string> {
	const execution = await n8n.api.waitForExecution(({ status }) => isFinished(status), {
		workflowId,
		timeoutMs: EXECUTION_MS,
	});
	if (execution.status !== 'success') {
		throw new DemoFault(`The workflow stopped: ${errorText(execution)}`);
	}
	const task = finishedSchema.parse(n8n.api.outputOf(execution, WAIT_NODE)[0]?.json);
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

async function failureOf(n8n: N8nInstance, workflowId: string): Promise<string | undefined> {
	const [latest] = await n8n.api.listExecutions(workflowId);
	const hasFailed = latest !== undefined && isFinished(latest.status);
	if (!hasFailed || latest.status === 'success') return undefined;
	return errorText(await n8n.api.getExecution(latest.id));
}

function errorText({ status, data }: Execution): string {
	const { error } = data.resultData;
	if (error === undefined) return `its execution ended as “${status}”.`;
	return [error.message, error.description].filter(Boolean).join(' ');
}
