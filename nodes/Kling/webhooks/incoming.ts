import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { z } from 'zod';

import type { TaskReading } from '../api/schemas';
import { isTaskId, toTaskReading } from '../api/schemas';
import { deliverAgain } from './redeliver';

/**
 * The task a callback speaks of, or null when the body is none. What it says is not believed:
 * anyone can send it (API docs: callbacks carry no signature).
 */
export function parseCallbackBody(body: unknown): TaskReading | null {
	const reading = toTaskReading(body);
	return reading !== null && isTaskId(reading.task.id) ? reading : null;
}

/** The bodies in which n8n may have found no JSON, whatever content type they came under. */
const rawBodySchema = z.instanceof(Uint8Array).or(z.string());

/** {@link parseCallbackBody} for the callback at hand: JSON under any content type, or under none. */
export function readCallback(context: IWebhookFunctions): TaskReading | null {
	const parsed = parseCallbackBody(context.getBodyData());
	if (parsed !== null) return parsed;
	const { rawBody, body }: { rawBody?: unknown; body?: unknown } = context.getRequestObject();
	for (const candidate of [rawBody, body]) {
		const raw = rawBodySchema.safeParse(candidate);
		const task = raw.success ? parseCallbackBody(parseJson(raw.data)) : null;
		if (task !== null) return task;
	}
	return null;
}

function parseJson(raw: Uint8Array | string): unknown {
	try {
		return JSON.parse(typeof raw === 'string' ? raw : new TextDecoder().decode(raw));
	} catch {
		return undefined;
	}
}

/**
 * How long the sender of a callback waits for an answer at most, in milliseconds: nobody knows how
 * long it does (API docs: not documented).
 */
export const ANSWER_WITHIN_MS = 8_000;

/**
 * Answers the caller now. The answer is written to the response itself: one returned to n8n together
 * with items would lose what was written to the static data (n8n 2.0 and 2.41), and would come only
 * after the video was downloaded.
 */
function respond(context: IWebhookFunctions, status: number, message: string): void {
	const state = /^(Resum|Workflow started)/.test(message) ? 'resumed' : 'answered';
	context.getResponseObject().status(status).json({ state, message });
}

/** Answers the caller; nothing starts or resumes. */
export function respondOnly(
	context: IWebhookFunctions,
	status: number,
	message: string,
): IWebhookResponseData {
	respond(context, status, message);
	return { noWebhookResponse: true };
}

/**
 * Tells the caller that the task cannot be read back just now, and delivers the callback again later.
 *
 * @param retryAfterMs how long the API asked to be left alone, null when it did not
 */
export function respondNotNow(
	context: IWebhookFunctions,
	task: TaskReading,
	retryAfterMs: number | null,
): IWebhookResponseData {
	if (retryAfterMs !== null) {
		const seconds = Math.ceil(retryAfterMs / 1000);
		context.getResponseObject().setHeader('Retry-After', String(seconds));
	}
	deliverAgain(context, task, retryAfterMs);
	return respondOnly(context, 503, 'The task cannot be read back just now');
}

/** Answers the caller first, then starts or resumes the workflow with the items. */
export async function respondAndStart(
	context: IWebhookFunctions,
	message: string,
	makeItems: () => Promise<INodeExecutionData[]>,
): Promise<IWebhookResponseData> {
	respond(context, 200, message);
	return { noWebhookResponse: true, workflowData: [await makeItems()] };
}
