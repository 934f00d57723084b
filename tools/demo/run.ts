import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { isFinished, type Execution } from '../../test/harness/n8n/api';
import type { N8nInstance } from '../../test/harness/n8n/instance';
import { DemoFault } from './fault';
import type { Progress } from './progress';
import type { Service } from './service';

const WEBHOOK_PATH = 'kling-demo';
const WAIT_NODE = 'Wait for Video';
const PROMPT = 'The subject turns its head slowly and blinks, soft morning light';
const EXECUTION_MS = 60_000;

const createdSchema = z.object({ taskId: z.string(), estimatedCredits: z.number().nullish() });
const finishedSchema = z.object({
	taskId: z.string(),
	status: z.string(),
	videoUrl: z.string().nullable(),
	failure: z.object({ message: z.string() }).nullish(),
	timedOut: z.boolean().optional(),
});

export type Created = z.infer<typeof createdSchema>;

/** Calls the workflow's production webhook, which answers as soon as the task exists. */
export async function callWebhook(
	n8n: N8nInstance,
	workflowId: string,
	imageUrl: string,
): Promise<Created> {
	const response = await fetch(n8n.webhookUrl(WEBHOOK_PATH), {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ prompt: PROMPT, imageUrl }),
	});
	const answer = createdSchema.safeParse(response.ok ? await response.json() : undefined);
	if (answer.success) return answer.data;
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
		const [task, balance] = await Promise.all([run.service.task(taskId), run.service.balance()]);
		progress.task(task.status, (Date.now() - startedAt) / 1000, balance);
		if (task.status === 'completed' || task.status === 'failed') break;
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
	throw new DemoFault(
		`Task ${task.taskId} ended as “${task.status}”: ${task.failure?.message ?? 'no video'}`,
	);
}

async function failureOf(n8n: N8nInstance, workflowId: string): Promise<string | undefined> {
	const [latest] = await n8n.api.listExecutions(workflowId);
	if (latest === undefined || !isFinished(latest.status) || latest.status === 'success') {
		return undefined;
	}
	return errorText(await n8n.api.getExecution(latest.id));
}

function errorText(execution: Execution): string {
	const { error } = execution.data.resultData;
	if (error === undefined) return `its execution ended as “${execution.status}”.`;
	return [error.message, error.description].filter(Boolean).join(' ');
}
