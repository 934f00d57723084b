import type { IWebhookFunctions } from 'n8n-workflow';

import type { TaskReading } from '../api/schemas';
import { type Due, openRounds } from '../n8n/async';
import { type HttpRequest, noteListener, pathOf, postToSelf } from '../n8n/ownAddress';
import { gapBeforeTry } from '../waiting/schedule';

/**
 * Callbacks that met a passing fault. Their senders were told so, but need not come again (API docs:
 * no retry is documented), so this process delivers each once more, to itself, at growing intervals,
 * until it is answered with anything but a passing fault. To n8n it is a new call each time: what
 * happened in between is not undone, and nothing of the first call is held.
 */

/** How long a callback is delivered again and again, in milliseconds. */
const INSIST_MS = 600_000;

/** More are not kept: an address can be flooded. */
const MOST_PENDING = 1_000;

const DELIVERIES_AT_ONCE = 5;

interface Delivery extends Due {
	url: string;
	body: string;
	faults: number;
	until: number;
}

const pending = new Map<string, Delivery>();
/** Of the last callback that met a fault: each holds all of its context. */
let httpRequest: HttpRequest | null = null;

/**
 * Delivers this callback again, from a moment on.
 *
 * @param retryAfterMs how long the API asked to be left alone, null when it did not
 * @returns false when that is under way already, or cannot be done
 */
export function deliverAgain(
	context: IWebhookFunctions,
	{ task }: TaskReading,
	retryAfterMs: number | null,
): boolean {
	const originalUrl = pathOf(context.getRequestObject().originalUrl);
	const origin = noteListener(context);
	const key = `${originalUrl} ${task.id}`;
	if (originalUrl === null || origin === null || pending.has(key) || pending.size >= MOST_PENDING)
		return false;
	const now = Date.now();
	pending.set(key, {
		url: `${origin}${originalUrl}`,
		// What it says of the task is not believed, so the id is enough.
		body: JSON.stringify({ id: task.id, status: task.status }),
		faults: 1,
		nextAt: now + gapBeforeTry(1, Math.random(), retryAfterMs),
		until: now + INSIST_MS,
		isBusy: false,
	});
	httpRequest = context.helpers.httpRequest;
	deliverOnAndOn();
	return true;
}

const deliverOnAndOn = openRounds(pending, DELIVERIES_AT_ONCE, deliver);

async function deliver(delivery: Delivery, key: string): Promise<void> {
	const { url, body } = delivery;
	const answer = httpRequest === null ? null : await postToSelf(httpRequest, url, body);
	const now = Date.now();
	if (now > delivery.until || (answer !== null && answer.status < 500 && answer.status !== 429)) {
		pending.delete(key);
		return;
	}
	delivery.faults += 1;
	const retryAfterMs = answer?.retryAfterMs ?? null;
	delivery.nextAt = now + gapBeforeTry(delivery.faults, Math.random(), retryAfterMs);
}
