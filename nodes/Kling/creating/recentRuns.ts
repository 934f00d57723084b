import type { IDataObject } from 'n8n-workflow';
import { z } from 'zod';

import type { Entry } from './entry';

/**
 * What the executions of this process have created of late, for those that n8n starts from an old state.
 *
 * - Where n8n limits how many executions run at once, one that was woken waits for its turn, and n8n's timer
 *   puts it into the queue again each minute (n8n 2.41: `wait-tracker`). As soon as it sleeps at a later
 *   wait, the next turn in that queue begins at the first wait again, without what was paid since.
 * - Several retries of one execution all begin with the context of that one, some at the same moment.
 */

/** Entries of some hundred bytes each; the oldest executions are forgotten first. */
const MOST_REMEMBERED = 10_000;

const remembered = new Map<string, Entry[]>();

/** From now on this list, which may still grow, is what the execution has created. */
export function remember(executionId: string, entries: Entry[]): void {
	if (remembered.get(executionId) === entries) return;
	remembered.set(executionId, entries);
	let left = MOST_REMEMBERED;
	for (const [id, { length }] of [...remembered].reverse()) {
		left -= Math.max(length, 1);
		if (left < 0) remembered.delete(id);
	}
}

/** The entries that this process remembers, and those that are stored, which another one may have made. */
export function recall(executionId: string, stored: Entry[]): Entry[] {
	const known = remembered.get(executionId);
	if (known === undefined || known === stored) return stored;
	known.push(...stored.filter((entry) => !known.some((other) => isSame(entry, other))));
	return known;
}

/** A stored entry may be older than the same one here, and not know its task yet. */
function isSame(stored: Entry, other: Entry): boolean {
	return (
		stored.sentBy === other.sentBy &&
		stored.node === other.node &&
		stored.runIndex === other.runIndex &&
		stored.item === other.item &&
		stored.request === other.request &&
		(stored.taskId === null || stored.taskId === other.taskId)
	);
}

/** Whose context it is, and which execution that one retries. */
const EXECUTION_KEY = 'klingExecution';
const executionSchema = z.object({ id: z.string(), retryOf: z.string().nullable() });

/**
 * The list of all retries of the execution that this one retries, which all of them add to. A context
 * that n8n has copied for a *Retry* still says whose it is.
 */
export function recallRetries(executionId: string, store: IDataObject): Entry[] {
	const stored = executionSchema.safeParse(store[EXECUTION_KEY]).data;
	// A retry of a retry goes on with what the first execution began.
	const root = stored?.retryOf ?? stored?.id ?? null;
	const retryOf = stored?.id === executionId ? stored.retryOf : root;
	store[EXECUTION_KEY] = { id: executionId, retryOf };
	if (retryOf === null) return [];
	const key = `retries of ${retryOf}`;
	const entries = recall(key, []);
	remember(key, entries);
	return entries;
}

/** For tests: remembers nothing any more, as when the process ends. */
export function forgetRuns(): void {
	remembered.clear();
}
