import { after } from './async';

/**
 * Work that outlives the execution which began it: looks at tasks, and calls of n8n to itself. One
 * list, one loop. It ends with the process.
 */

/** Something to be done when its time has come, again and again until it is over. */
export interface Due {
	/** When it is due, in milliseconds since 1970. */
	dueAt: number;
	/** Past this, in milliseconds since 1970, it is given up, whatever happened. */
	readonly endsAt: number;
	/** What belongs to one lane shares a few places; no lane ever waits for another. */
	readonly lane: string;
	/** Works once. Gives when it is due again, or null when it is over. */
	run(): Promise<number | null>;
	/** Called when it leaves the list by itself: over, or given up. */
	ended(isGivenUp: boolean): void;
}

const PLACES_IN_A_LANE = 5;
const TICK_MS = 1_000;

/** Before the next try of what threw something that nobody expected. */
const AFTER_A_FAULT_MS = 60_000;

const list = new Set<Due>();
const busy = new Set<Due>();
const places = new Map<string, number>();
let isRunning = false;

/** All that is on the list. */
export function everythingDue(): Due[] {
	return [...list];
}

/** Puts it on the list, where it stays until it is over or taken off. */
export function runWhenDue(entry: Due): void {
	list.add(entry);
	if (!isRunning) void goRound();
}

/** Takes it off the list; what is under way comes to its end without being asked again. */
export function takeOff(entry: Due): void {
	list.delete(entry);
}

async function goRound(): Promise<void> {
	isRunning = true;
	while (list.size > 0) {
		await after(TICK_MS);
		const now = Date.now();
		for (const entry of [...list]) {
			if (busy.has(entry)) continue;
			const used = places.get(entry.lane) ?? 0;
			if (now > entry.endsAt) leave(entry, true);
			else if (entry.dueAt <= now && used < PLACES_IN_A_LANE) void work(entry, used);
		}
	}
	isRunning = false;
}

async function work(entry: Due, used: number): Promise<void> {
	busy.add(entry);
	places.set(entry.lane, used + 1);
	// To the end of the list: those that are slow must not always be the first again.
	list.delete(entry);
	list.add(entry);
	const next = await entry.run().catch(() => Date.now() + AFTER_A_FAULT_MS);
	busy.delete(entry);
	const left = (places.get(entry.lane) ?? 1) - 1;
	if (left > 0) places.set(entry.lane, left);
	else places.delete(entry.lane);
	if (next !== null) entry.dueAt = next;
	else if (list.has(entry)) leave(entry, false);
}

function leave(entry: Due, isGivenUp: boolean): void {
	list.delete(entry);
	entry.ended(isGivenUp);
}
