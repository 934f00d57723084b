import type { IWebhookFunctions } from 'n8n-workflow';

import { AFTER_FAULT, pauseMs } from '../api/retry';
import { everythingDue, runWhenDue } from '../n8n/dueWork';
import { ownUrlOf } from '../n8n/ownAddress';
import { type Host, OwnCall } from '../waiting/ownCall';

/**
 * Callbacks that met a passing fault. Their senders were told so, but need not come again (API docs:
 * no retry is documented), so this process delivers each once more, to itself, at growing intervals. To
 * n8n it is a new call each time: nothing of the first call is held.
 */

const INSIST_MS = 600_000;

/** More are not kept: an address can be flooded. */
const MOST_PENDING = 10_000;

const pending = new Set<string>();

class Delivery extends OwnCall {
	constructor(
		private readonly key: string,
		url: string,
		taskId: string,
		lane: string,
		retryAfterMs: number | null,
		readonly host: Host,
	) {
		const now = Date.now();
		const dueAt = now + pauseMs(AFTER_FAULT, 1, retryAfterMs);
		super(url, taskId, dueAt, now + INSIST_MS, lane);
	}

	protected get unheard(): string {
		return `A callback for task ${this.taskId} cannot be verified again, since n8n cannot reach itself at its own address`;
	}

	ended(isGivenUp: boolean): void {
		pending.delete(this.key);
		if (!isGivenUp) return;
		this.host.logger.warn(
			`A callback for task ${this.taskId} was given up: the task could not be read back for ten minutes`,
		);
	}
}

/** Delivers a callback again to the address at hand, from a moment on, unless that is under way. */
export function redeliver(
	context: IWebhookFunctions,
	taskId: string,
	lane: string,
	retryAfterMs: number | null,
): void {
	const url = ownUrlOf(context);
	const key = `${url} ${taskId}`;
	if (pending.has(key)) return;
	if (url === null || pending.size >= MOST_PENDING) {
		context.logger.warn(`A callback for task ${taskId} could not be verified, and is not kept`);
		return;
	}
	pending.add(key);
	runWhenDue(new Delivery(key, url, taskId, lane, retryAfterMs, hostOf(context)));
}

/** One host serves all: each holds the data of a whole call. */
function hostOf(context: IWebhookFunctions): Host {
	const known = everythingDue().find((due) => due instanceof Delivery);
	return known?.host ?? { httpRequest: context.helpers.httpRequest, logger: context.logger };
}
