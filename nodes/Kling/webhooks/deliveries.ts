import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * Which tasks a Kling Trigger has delivered: the workflow's static data remembers them. Each call writes a
 * copy of its own, the last one whole (n8n), so what this process knows is merged into each. With several
 * processes it is a best effort (`remind.ts`).
 */

const STATIC_DATA_KEY = 'klingDelivered';

/** How many are remembered: an API repeats a callback soon, and a look may come hours after one. */
const REMEMBERED = 5_000;

/** So many letters of a hash tell a task from 5,000 others, and n8n stores them with each delivery. */
const LETTERS = 12;

function shorten(taskId: string): string {
	return createHash('sha256').update(taskId).digest('base64url').slice(0, LETTERS);
}

/** How long a start may take, in milliseconds, since files are fetched first: then its process was ended meanwhile. */
const STARTS_WITHIN_MS = 660_000;

const deliveredSchema = z.array(z.string()).catch([]);

/** In the place of when the start began. */
const DELIVERED = 0;

/** `Kx3f_2aQ9c1e` was delivered; `Kx3f_2aQ9c1e@1774706165000` is about to be, since then. */
function parseEntry(entry: string): [short: string, since: number] {
	const [short = '', since = DELIVERED] = entry.split('@');
	return [short, Number(since)];
}

/** By workflow and node, the oldest first. */
const knownHere = new Map<string, Map<string, number>>();

/** The deliveries of the trigger's workflow. */
export function openDeliveries(context: IWebhookFunctions) {
	// That of the workflow, which has one Kling Trigger at most: that of a node is lost when it is renamed.
	const store: IDataObject = context.getWorkflowStaticData('global');
	const key = `${context.getWorkflow().id}/${context.getNode().id}`;
	const here = knownHere.get(key) ?? new Map<string, number>();
	knownHere.set(key, here);
	const noted = new Map(deliveredSchema.parse(store[STATIC_DATA_KEY]).map(parseEntry));
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
