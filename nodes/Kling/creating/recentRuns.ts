import type { IDataObject } from 'n8n-workflow';
import { z } from 'zod';

import type { Entry } from './entry';

/**
 * What the runs of this process have created of late, for those that n8n starts from an old state.
 *
 * - Where n8n limits how many executions run at once, one that was woken waits for its turn, and n8n's timer
 *   puts it into the queue again each minute (n8n 2.41: `wait-tracker`). As soon as it sleeps at a later
 *   wait, the next turn in that queue begins at the first wait again, and what was paid since is not in the
 *   contexts of that state.
 * - Several retries of one execution all begin with the contexts of that one, some at the same moment.
 */

/** Where entries are created: the execution, and, but for tools, node and run. */
export interface RunPlace {
	executionId: string;
	/** Null where nothing is remembered, since n8n cannot have begun this execution before. */
	place: readonly unknown[] | null;
}

/** Entries of some hundred bytes each; the oldest runs are forgotten first. */
const MOST_REMEMBERED = 10_000;

const byRun = new Map<string, Entry[]>();

/**
 * The entries of a run: those that this process remembers, and those that are stored, which another one
 * may have made.
 */
export function recallRun(run: RunPlace, stored: Entry[]): Entry[] {
	const known = run.place === null ? undefined : byRun.get(keyOf(run));
	if (known === undefined) return stored;
	known.push(...stored.filter((entry) => !known.some((other) => isSame(entry, other))));
	return known;
}

/** A stored entry may be older than the same one here, and not know its task yet. */
function isSame(stored: Entry, other: Entry): boolean {
	return (
		stored.sentBy === other.sentBy &&
		stored.runIndex === other.runIndex &&
		stored.item === other.item &&
		stored.request === other.request &&
		(stored.taskId === null || stored.taskId === other.taskId)
	);
}

/** From now on this list, which may still grow, is what the run has created. */
export function rememberRun(run: RunPlace, entries: Entry[]): void {
	if (run.place !== null) remember(keyOf(run), entries);
}

/** Whose context it is, and which execution that one retries. */
const EXECUTION_KEY = 'klingExecution';
const executionSchema = z
	.object({ id: z.string(), retryOf: z.string().nullable() })
	.nullable()
	.catch(null);

/**
 * The list of all retries of the execution that this one retries, which all of them add to.
 *
 * @param store the context of the run; one that n8n has copied from another execution still says whose it is
 */
export function recallRetries(run: RunPlace, store: IDataObject): Entry[] {
	const { executionId, place } = run;
	if (place === null) return [];
	const stored = executionSchema.parse(store[EXECUTION_KEY] ?? null);
	// A retry of a retry goes on with what the first execution began.
	const root = stored?.retryOf ?? stored?.id ?? null;
	const retryOf = stored?.id === executionId ? stored.retryOf : root;
	store[EXECUTION_KEY] = { id: executionId, retryOf };
	if (retryOf === null) return [];
	const key = keyOf({ executionId: `retries of ${retryOf}`, place });
	const known = byRun.get(key) ?? [];
	remember(key, known);
	return known;
}

const keyOf = ({ executionId, place }: RunPlace) => JSON.stringify([executionId, place]);

function remember(key: string, entries: Entry[]): void {
	if (byRun.get(key) === entries) return;
	byRun.set(key, entries);
	const weights = [...byRun.values()].map(({ length }) => Math.max(length, 1));
	let count = weights.reduce((sum, weight) => sum + weight, 0);
	for (const [oldest, { length }] of byRun) {
		if (count <= MOST_REMEMBERED) break;
		byRun.delete(oldest);
		count -= Math.max(length, 1);
	}
}

/** For tests: remembers nothing any more, as when the process ends. */
export function forgetRuns(): void {
	byRun.clear();
}
