import type { Entry } from './entry';

/**
 * What the runs of this process have created of late.
 *
 * n8n may run an execution once more from an old state. Where it limits how many run at once, one that was
 * woken waits for its turn, and n8n's timer puts it into the queue again each minute (n8n 2.41:
 * `wait-tracker`). As soon as it sleeps at a later wait, the next turn in that queue begins at the first wait
 * again, and what was paid since is not in the contexts of that state. So this process remembers it.
 */

/** Entries of some hundred bytes each; the oldest runs are forgotten first. */
const MOST_REMEMBERED = 10_000;

const byRun = new Map<string, Entry[]>();

/**
 * The entries of a run: those that this process remembers, and those that are stored, which another one
 * may have made.
 */
export function recallRun(key: string | null, stored: Entry[]): Entry[] {
	const known = key === null ? undefined : byRun.get(key);
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
export function rememberRun(key: string | null, entries: Entry[]): void {
	if (key === null || byRun.get(key) === entries) return;
	byRun.set(key, entries);
	let count = [...byRun.values()].reduce((sum, { length }) => sum + Math.max(length, 1), 0);
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
