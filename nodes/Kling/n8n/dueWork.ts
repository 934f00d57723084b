import { after } from './async';

/**
 * Work that outlives the execution which began it, and ends with the process: done when its time has come,
 * again and again until it is over. All times are in milliseconds since 1970.
 */
export interface Due {
	/** Of two with one key, the later takes the place of the former. */
	readonly key: string;
	/** What is set while it works counts where it is sooner. */
	dueAt: number;
	/** Past this it is given up, whatever happened. */
	readonly endsAt: number;
	/** What belongs to one lane shares a few places; no lane ever waits for another. */
	readonly lane: string;
	/** Works once. Gives when it is due again, or null when it is over. */
	run(): Promise<number | null>;
	/** Called at its end, when it is not over. */
	givenUp?(): void;
}

const PLACES_IN_A_LANE = 5;
const TICK_MS = 1_000;

/** Before the next try of what threw an error that nobody expected. */
const AFTER_A_FAULT_MS = 60_000;

const list = new Map<string, Due>();
const busy = new Set<Due>();
let isRunning = false;

export function everythingDue(): Due[] {
	return [...list.values()];
}

export function findDue(key: string): Due | undefined {
	return list.get(key);
}

/** Puts it on the list, where it stays until it is over or taken off. */
export function runWhenDue(entry: Due): void {
	list.set(entry.key, entry);
	if (!isRunning) void goRound();
}

/** Takes it off the list; what is under way comes to its end without being asked again. */
export function takeOff(entry: Due): void {
	if (list.get(entry.key) === entry) list.delete(entry.key);
}

async function goRound(): Promise<void> {
	isRunning = true;
	while (list.size > 0) {
		await after(TICK_MS);
		const now = Date.now();
		for (const entry of everythingDue()) {
			if (busy.has(entry)) continue;
			if (now > entry.endsAt) {
				takeOff(entry);
				try {
					entry.givenUp?.();
				} catch {
					// The others go on, whatever it meets.
				}
				continue;
			}
			const inLane = [...busy].filter(({ lane }) => lane === entry.lane);
			if (entry.dueAt <= now && inLane.length < PLACES_IN_A_LANE) void work(entry);
		}
	}
	isRunning = false;
}

async function work(entry: Due): Promise<void> {
	busy.add(entry);
	// To the end of the list: those that are slow must not always be the first again.
	list.delete(entry.key);
	list.set(entry.key, entry);
	entry.dueAt = Infinity;
	const next = await entry.run().catch(() => Date.now() + AFTER_A_FAULT_MS);
	busy.delete(entry);
	entry.dueAt = Math.min(entry.dueAt, next ?? Infinity);
	if (next === null && entry.dueAt === Infinity) takeOff(entry);
}
