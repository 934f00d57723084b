import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { z } from 'zod';

import { ApiFailure } from '../api/failure';
import { isFinished, isTaskId, type TaskReading, toTaskReading } from '../api/schemas';
import { parseJson } from '../n8n/http';
import { redeliver } from './redeliver';

/** A call that reports a task. What it says is not believed: anyone can send it (API docs). */
export interface Callback extends TaskReading {
	/** Whether it says that it comes from this n8n, which waits longer for an answer. */
	isOwn: boolean;
}

function parseCallback(body: unknown): Callback | null {
	const reading = toTaskReading(body);
	if (reading === null || !isTaskId(reading.task.id)) return null;
	const isOwn = reading.raw['from'] === 'n8n';
	// The mark is no part of the task.
	if (isOwn) delete reading.raw['from'];
	return { ...reading, isOwn };
}

/** A body in which n8n may have found no JSON, whatever content type it came under. */
const rawBodySchema = z
	.instanceof(Uint8Array)
	.transform((bytes) => new TextDecoder().decode(bytes))
	.or(z.string())
	.transform(parseJson)
	.catch(undefined);

const triedSchema = z.object({ task: z.string() });

/** The task that is reported: JSON under any content type, or under none. */
export function readCall(context: IWebhookFunctions): Callback | null {
	const { rawBody, body }: { rawBody?: unknown; body?: unknown } = context.getRequestObject();
	const reported =
		parseCallback(context.getBodyData()) ??
		parseCallback(rawBodySchema.parse(rawBody)) ??
		parseCallback(rawBodySchema.parse(body));
	if (reported !== null) return reported;
	// Whoever tries the trigger opens its Test URL in a browser, with the ID of a task behind it.
	const tried = triedSchema.safeParse(context.getQueryData()).data;
	if (context.getMode() !== 'manual' || tried === undefined) return null;
	return parseCallback({ id: tried.task, status: 'completed' });
}

/** In milliseconds. How long the API waits is not documented (API docs); this n8n waits for a slow reading. */
export function answerWithinMs({ isOwn }: Callback): number {
	return isOwn ? 32_000 : 8_000;
}

/** What our webhooks say that they did, and under which status. Nothing is decided by the words beside it. */
const STATUS_OF = {
	/** The execution goes on, or is about to. */
	resumed: 200,
	resuming: 200,
	/** It sleeps at the place that was asked about, and nowhere else. */
	asleep: 200,
	started: 200,
	/** All that was delivered is noted. */
	noted: 200,
	/** Not now: the task is still under way, cannot be read, or the settings cannot be used. */
	open: 200,
	unread: 503,
	unusable: 500,
	/** Never: nobody waits for it, the API does not know it, it was delivered, or is not asked for. */
	unknown: 404,
	repeated: 200,
	unwanted: 200,
	invalid: 400,
};

/**
 * Answers the caller by the response itself. An answer returned to n8n together with items would lose what
 * was written to the static data (n8n 2.0 and 2.41), and would come only after the video was downloaded.
 */
export function respond(
	context: IWebhookFunctions,
	state: keyof typeof STATUS_OF,
	message: string,
): IWebhookResponseData {
	context.getResponseObject().status(STATUS_OF[state]).json({ state, message });
	return { noWebhookResponse: true };
}

/** In the place of a reading that takes longer than its caller waits. */
export const LATE = new ApiFailure({ call: 'getTask', kind: 'host' });

/**
 * Answers that nothing comes of the call yet. A sender may repeat it, but need not (API docs), so this
 * process does, where the task cannot be read back, or is under way though the caller calls it finished.
 *
 * @param lane what shares its places with other calls: those of one account
 * @param why the failed reading, or a text for a task that is under way
 */
export function respondNotYet(
	context: IWebhookFunctions,
	{ task, isOwn }: Callback,
	lane: string,
	why: ApiFailure | string,
): IWebhookResponseData {
	const isOpen = typeof why === 'string';
	const retryAfterMs = isOpen ? null : why.detail.retryAfterMs;
	if (retryAfterMs !== null) {
		const seconds = Math.ceil(retryAfterMs / 1000);
		context.getResponseObject().setHeader('Retry-After', String(seconds));
	}
	const mayBeOver = !isOpen || isFinished(task);
	if (mayBeOver && !isOwn) redeliver(context, task.id, lane, retryAfterMs);
	return isOpen
		? respond(context, 'open', why)
		: respond(context, 'unread', 'The task cannot be read back just now');
}
