import type { IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { pauseMs } from '../api/retry';
import { findDue, runWhenDue } from '../n8n/dueWork';
import { ownUrlOf } from '../n8n/ownAddress';
import { OwnCall } from '../waiting/ownCall';

/**
 * Of several processes that take calls for one Kling Trigger at the same moment, the one that writes
 * last writes over what the others have noted of their deliveries (n8n: static data are stored whole).
 * So each calls itself a little later, and notes what is missing by then, until nothing is.
 */

/** About when, in milliseconds: long before the first look of the process that created a task. */
const AFTER = { firstMs: 5_000, factor: 1, longestMs: 6_000 };

const INSIST_MS = 600_000;

const reminderSchema = z.object({ from: z.literal('n8n'), reminds: z.literal(true) });

/** Whether a call only reminds of what was delivered. Anyone may send it: it names no task. */
export function isReminder(body: unknown): boolean {
	return reminderSchema.safeParse(body).success;
}

class Reminder extends OwnCall {
	protected override get report(): object {
		return { reminds: true };
	}

	protected readonly unheard =
		'What a Kling Trigger has started its workflow for may be forgotten, since n8n cannot reach itself at its own address';

	givenUp(): void {}
}

/** Calls this very trigger in a moment, so that it notes once more what it has delivered. */
export function remindLater(context: IWebhookFunctions): void {
	const url = ownUrlOf(context)?.replace(/\?.*$/s, '');
	if (url === undefined) return;
	const { helpers, logger } = context;
	const host = { httpRequest: helpers.httpRequest, logger };
	const now = Date.now();
	const dueAt = now + pauseMs(AFTER, 1);
	const reminder =
		findDue(url) ?? new Reminder(url, url, url, '', dueAt, now + INSIST_MS, [], host);
	// One that calls just now may have come too early for this delivery, and calls once more.
	reminder.dueAt = Math.min(reminder.dueAt, dueAt);
	runWhenDue(reminder);
}
