import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { createHash } from 'node:crypto';
import { z } from 'zod';

import { AFTER_FAULT, pauseMs } from '../api/retry';
import { findDue, runWhenDue } from '../n8n/dueWork';
import { isAlone } from '../n8n/execution';
import { ownUrlOf } from '../n8n/ownAddress';
import { OwnCall } from '../waiting/ownCall';

/**
 * Which tasks a Kling Trigger has delivered: the workflow's static data remembers them. Each call writes
 * its own copy and the last write wins (n8n), so each includes all that this process knows. Where there
 * are several processes, each calls itself later, and adds what is missing, until nothing is.
 */

const STATIC_DATA_KEY = 'klingDelivered';

/** How many are remembered: an API repeats a callback soon, and a look may come hours after one. */
const REMEMBERED = 5_000;

/** Enough of a hash to tell 5,000 tasks apart; short, since n8n stores all with each delivery. */
function shorten(taskId: string): string {
	return createHash('sha256').update(taskId).digest('base64url').slice(0, 12);
}

/** The longest start, download included, in milliseconds; past it, its process has died. */
const STARTS_WITHIN_MS = 660_000;

/** Stored instead of a start time. */
const DELIVERED = 0;

/** `Kx3f_2aQ9c1e` was delivered; `Kx3f_2aQ9c1e@1774706165000` is about to be, since then. */
function parseEntry(entry: string): [short: string, since: number] {
	const [short = '', since = DELIVERED] = entry.split('@');
	return [short, Number(since)];
}

/** By workflow, which has one Kling Trigger at most; the oldest first. */
const knownHere = new Map<string | undefined, Map<string, number>>();

/** The deliveries of the trigger's workflow. */
export function openDeliveries(context: IWebhookFunctions) {
	// A renamed node loses its own static data.
	const store: IDataObject = context.getWorkflowStaticData('global');
	const { id } = context.getWorkflow();
	const here = knownHere.get(id) ?? new Map<string, number>();
	knownHere.set(id, here);
	const stored = z.array(z.string()).catch([]).parse(store[STATIC_DATA_KEY]);
	const noted = new Map(stored.map(parseEntry));
	for (const [short, since] of noted) {
		if (since === DELIVERED || !here.has(short)) here.set(short, since);
	}
	const write = () => {
		for (const [oldest] of [...here].slice(0, -REMEMBERED)) here.delete(oldest);
		// n8n notices a new array, not one that was pushed into.
		store[STATIC_DATA_KEY] = [...here].map(([short, since]) =>
			since === DELIVERED ? short : `${short}@${since}`,
		);
	};
	const note = (taskId: string, since: number) => {
		here.set(shorten(taskId), since);
		write();
		if (!isAlone(context)) remindLater(context);
	};
	const sinceOf = (taskId: string) => here.get(shorten(taskId));
	return {
		has: (taskId: string) => sinceOf(taskId) === DELIVERED,
		/** Whether the workflow is about to start with the task, in this process or in another. */
		isStarting: (taskId: string) => Date.now() - (sinceOf(taskId) ?? 0) < STARTS_WITHIN_MS,
		start: (taskId: string) => note(taskId, Date.now()),
		add: (taskId: string) => note(taskId, DELIVERED),
		/** Notes what this process knows, and says whether some of it was missing. */
		complete: () => {
			const isMissing = [...here].some(([short, since]) => noted.get(short) !== since);
			if (isMissing) write();
			return isMissing;
		},
	};
}

/** Whether a call only reminds of what was delivered. Anyone may send it: it names no task. */
export function isReminder(body: unknown): boolean {
	return z.object({ reminds: z.literal(true) }).safeParse(body).success;
}

class Reminder extends OwnCall {
	protected override get report(): object {
		return { reminds: true };
	}

	protected readonly unheard =
		'What a Kling Trigger has started its workflow for may be forgotten, since n8n cannot reach itself at its own address';
}

/** Calls the trigger's own address, for ten minutes at most, until nothing is missing. */
function remindLater(context: IWebhookFunctions): void {
	const url = ownUrlOf(context)?.replace(/\?.*$/s, '');
	if (url === undefined) return;
	const { helpers, logger } = context;
	const host = { httpRequest: helpers.httpRequest, logger };
	const now = Date.now();
	// Long before the first look of who created a task.
	const wantedAt = now + pauseMs(AFTER_FAULT, 1, 5_000);
	// It takes the place of one that calls just now: that may have come too early for this delivery.
	const dueAt = Math.min(findDue(url)?.dueAt ?? Infinity, wantedAt);
	runWhenDue(new Reminder(url, url, '', dueAt, now + 600_000, [], host));
}
