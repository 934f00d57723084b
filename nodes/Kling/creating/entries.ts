import type { IDataObject } from 'n8n-workflow';
import { z } from 'zod';

import { summarySchema } from '../api/task';

/**
 * What an execution has created: stored in the context that all its nodes share, and remembered by this
 * process in one list for an execution and all its retries, since n8n may go on from an old state.
 *
 * - Where n8n limits how many executions run at once, one that was woken waits for its turn, and n8n's timer
 *   puts it into the queue again each minute (n8n 2.41: `wait-tracker`). As soon as it sleeps at a later
 *   wait, the next turn in that queue begins at the first wait again, without what was paid since.
 * - Several retries of one execution all begin with the context of that one, some at the same moment.
 */

export const CREATED_KEY = 'klingCreated';

const entrySchema = z.object({
	id: z.string(),
	/** The node that created it; null for a tool, whose equal requests are one video, whoever asks. */
	node: z.string().nullable(),
	runIndex: z.number(),
	item: z.number(),
	/** The executions whose item it stands for: first the one that sent it, then retries of that. */
	executionIds: z.array(z.string()),
	/** The fingerprint of the request. */
	request: z.string(),
	/** The fingerprint of the node's parameters as they were written, and of the item that came in. */
	written: z.string(),
	/** Null while it is unclear whether a task came to be. */
	taskId: z.string().nullable(),
	/** When it was created, in milliseconds since 1970. */
	createdAt: z.number(),
	summary: summarySchema,
	/** It stands for nothing: it was not carried out, or its task failed and the credits were given back. */
	isRefunded: z.boolean(),
});

export type Entry = z.infer<typeof entrySchema>;

const storedSchema = z.array(entrySchema).catch(() => []);

/** Entries of some hundred bytes each; the oldest executions are forgotten first. */
const MOST_REMEMBERED = 10_000;

/** By the id of the first execution, of which the others are retries; or by the store. */
const remembered = new Map<string | IDataObject, Entry[]>();

/** The one list of an execution and its retries, with what another process has stored; without an id, of its store. */
export function entriesOf(store: IDataObject, executionId: string): Entry[] {
	const key = executionId === '' ? store : firstOf(store, executionId);
	const entries = remembered.get(key) ?? [];
	if (!remembered.has(key)) remember(key, entries);
	if (store[CREATED_KEY] === entries) return entries;
	const byId = new Map(entries.map((entry) => [entry.id, entry]));
	for (const stored of storedSchema.parse(store[CREATED_KEY])) {
		const known = byId.get(stored.id);
		if (known === undefined) entries.push(stored);
		else {
			// Either may be the older one.
			known.executionIds = [...new Set([...known.executionIds, ...stored.executionIds])];
			known.taskId ??= stored.taskId;
			known.isRefunded ||= stored.isRefunded;
		}
	}
	// What is learnt of them later is stored, too.
	if (store[CREATED_KEY] !== undefined) store[CREATED_KEY] = entries;
	return entries;
}

const EXECUTION_KEY = 'klingExecution';

/** Where a chain of retries has begun: the copy of the context that n8n makes for a *Retry* still says so. */
function firstOf(store: IDataObject, executionId: string): string {
	const first = z.string().catch(executionId).parse(store[EXECUTION_KEY]);
	store[EXECUTION_KEY] = first;
	return first;
}

function remember(key: string | IDataObject, entries: Entry[]): void {
	remembered.set(key, entries);
	let left = MOST_REMEMBERED;
	for (const [other, { length }] of [...remembered].reverse()) {
		left -= Math.max(length, 1);
		if (left < 0) remembered.delete(other);
	}
}

/** For tests: remembers nothing any more, as when the process ends. */
export function forgetRuns(): void {
	remembered.clear();
}
