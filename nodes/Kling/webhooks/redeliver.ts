import type { IWebhookFunctions } from 'n8n-workflow';

import { AFTER_FAULT, pauseMs } from '../api/retry';
import { everythingDue, findDue, runWhenDue } from '../n8n/dueWork';
import { ownUrlOf } from '../n8n/ownAddress';
import { OwnCall } from '../waiting/ownCall';

const INSIST_MS = 600_000;

/** More are not kept: an address can be flooded. */
const MOST_PENDING = 10_000;

/**
 * A callback that met a passing fault. Its sender need not come again (API docs: no retry is documented), so
 * this process delivers it to itself. To n8n it is a new call each time: nothing of the first call is held.
 */
class Delivery extends OwnCall {
	protected get unheard(): string {
		return `A callback for task ${this.taskId} cannot be verified again, since n8n cannot reach itself at its own address`;
	}

	givenUp(): void {
		this.host?.logger.warn(
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
	runWhenDue(new Delivery(key, url, lane, taskId, dueAt, now + INSIST_MS, [], host));
}
