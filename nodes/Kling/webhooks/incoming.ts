import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { z } from 'zod';

import type { ApiClient } from '../api/client';
import { openClient } from '../api/client';
import type { TaskReading } from '../api/schemas';
import { apiTaskSchema, isTaskId, jsonObjectSchema } from '../api/schemas';

/**
 * The task a callback speaks of, or null when the body is none. What it says is not believed:
 * anyone can send it (API docs: callbacks carry no signature).
 */
export function parseCallbackBody(body: unknown): TaskReading | null {
	const task = apiTaskSchema
		.extend({ id: z.string().toLowerCase().refine(isTaskId) })
		.safeParse(body);
	const raw = jsonObjectSchema.safeParse(body);
	return task.success && raw.success ? { task: task.data, raw: raw.data } : null;
}

/**
 * The time for reading a task back while its sender waits, in milliseconds: nobody knows how long
 * the sender does (API docs: not documented).
 */
const READ_TIMEOUT_MS = 10_000;

/** The API for checking callbacks: one quick try each; null when the credential cannot be used. */
export async function openCallbackClient(context: IWebhookFunctions): Promise<ApiClient | null> {
	return await openClient(context, { maxAttempts: 1, attemptTimeoutMs: READ_TIMEOUT_MS }).catch(
		() => null,
	);
}

/**
 * Answers the caller now. The answer is written to the response itself: one returned to n8n together
 * with items would lose what was written to the static data (n8n 2.0 and 2.41), and would come only
 * after the video was downloaded.
 */
function respond(context: IWebhookFunctions, status: number, message: string): void {
	context.getResponseObject().status(status).json({ message });
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

/** Answers the caller first, then starts or resumes the workflow with the items. */
export async function respondAndStart(
	context: IWebhookFunctions,
	message: string,
	makeItems: () => Promise<INodeExecutionData[]>,
): Promise<IWebhookResponseData> {
	respond(context, 200, message);
	return { noWebhookResponse: true, workflowData: [await makeItems()] };
}
