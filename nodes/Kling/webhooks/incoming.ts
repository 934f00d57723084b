import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { z } from 'zod';

import { credentialIdOf } from '../api/credential';
import { ApiFailure } from '../api/failure';
import { AFTER_FAULT, pauseMs } from '../api/retry';
import { isFinished, isTaskId, type TaskReading, toTaskReading } from '../api/schemas';
import { within } from '../n8n/async';
import { everythingDue, findDue, runWhenDue } from '../n8n/dueWork';
import { parseJson } from '../n8n/http';
import { ownUrlOf } from '../n8n/ownAddress';
import { OwnCall } from '../waiting/ownCall';

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

/** The task that is reported: JSON under any content type, or under none, where n8n leaves it unread. */
export function readCall(context: IWebhookFunctions): Callback | null {
	const raw = new TextDecoder().decode(context.getRequestObject().rawBody);
	const reported = parseCallback(context.getBodyData()) ?? parseCallback(parseJson(raw));
	if (reported !== null) return reported;
	// Whoever tries the trigger opens its Test URL in a browser, with the ID of a task behind it.
	const tried = z.object({ task: z.string() }).safeParse(context.getQueryData()).data;
	if (context.getMode() !== 'manual' || tried === undefined) return null;
	return parseCallback({ id: tried.task, status: 'completed' });
}

const LATE = new ApiFailure({ call: 'getTask', kind: 'host' });

/** What a reading gives, or a failure once it takes longer than the caller waits. */
export async function inTime<T>({ isOwn }: Callback, reading: Promise<T>): Promise<T | ApiFailure> {
	// How long the API waits is not documented (API docs).
	return await within(isOwn ? 32_000 : 8_000, reading, LATE);
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
	/** Not yet: something is under way or missing, cannot be read, or is set wrongly. */
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

/**
 * Answers that nothing comes of the call yet. A sender may repeat it, but need not (API docs), so this
 * process does, where the task cannot be read back, or is under way though the caller calls it finished.
 *
 * @param why the failed reading, or a text for a task that is under way
 * @param account that of the task, where it is known
 */
export function respondNotYet(
	context: IWebhookFunctions,
	{ task, isOwn }: Callback,
	why: ApiFailure | string,
	account = `${credentialIdOf(context)}/${context.getWorkflow().id}`,
): IWebhookResponseData {
	const isOpen = typeof why === 'string';
	const retryAfterMs = isOpen ? null : why.detail.retryAfterMs;
	if (retryAfterMs !== null) {
		const seconds = Math.ceil(retryAfterMs / 1000);
		context.getResponseObject().setHeader('Retry-After', String(seconds));
	}
	const mayBeOver = !isOpen || isFinished(task);
	if (mayBeOver && !isOwn) redeliver(context, task.id, account, retryAfterMs);
	return isOpen
		? respond(context, 'open', why)
		: respond(context, 'unread', 'The task cannot be read back just now');
}

/** More are not kept: an address can be flooded. */
const MOST_PENDING = 10_000;

/** To n8n it is a new call each time: nothing of the first one is held. */
class Delivery extends OwnCall {
	protected get unheard(): string {
		return `A callback for task ${this.taskId} cannot be verified again, since n8n cannot reach itself at its own address`;
	}

	givenUp(): void {
		this.host?.logger.warn(
			`A callback for task ${this.taskId} was given up: no finished task was read within ten minutes`,
		);
	}
}

/** Delivers a callback again to the address at hand, for ten minutes, unless that is under way. */
function redeliver(
	context: IWebhookFunctions,
	taskId: string,
	lane: string,
	retryAfterMs: number | null,
): void {
	const url = ownUrlOf(context);
	const key = `${url} ${taskId}`;
	if (findDue(key) !== undefined) return;
	const others = everythingDue().filter((due) => due instanceof Delivery);
	if (url === null || others.length >= MOST_PENDING) {
		context.logger.warn(`A callback for task ${taskId} could not be verified, and is not kept`);
		return;
	}
	const now = Date.now();
	const dueAt = now + pauseMs(AFTER_FAULT, 1, retryAfterMs);
	const { helpers, logger } = context;
	// One host serves all: each holds the data of a whole call.
	const host = others[0]?.host ?? { httpRequest: helpers.httpRequest, logger };
	runWhenDue(new Delivery(key, url, taskId, dueAt, now + 600_000, [], host, lane));
}
