import { sleep, UnexpectedError } from 'n8n-workflow';

/** Thrown by everything that waits, once the execution was cancelled. */
export class CancelledError extends UnexpectedError {
	constructor() {
		super('The execution was cancelled');
	}
}

function whenAborted(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
	let onAbort = () => {};
	const promise = new Promise<never>((_, reject) => {
		onAbort = () => reject(new CancelledError());
		signal.addEventListener('abort', onAbort, { once: true });
	});
	return { promise, forget: () => signal.removeEventListener('abort', onAbort) };
}

/**
 * Resolves with what `work` gives, unless the signal fires first.
 *
 * @throws {CancelledError} when the execution was cancelled
 */
export async function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
	if (signal === undefined) return await work;
	if (signal.aborted) throw new CancelledError();
	const abort = whenAborted(signal);
	try {
		return await Promise.race([work, abort.promise]);
	} finally {
		abort.forget();
	}
}

/** The longest that one timer can last, in milliseconds: a longer one fires at once (Node.js). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits `ms` milliseconds, or less when the execution is cancelled.
 *
 * @throws {CancelledError} when the execution was cancelled
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted === true) throw new CancelledError();
	for (let leftMs = ms; leftMs >= 0; leftMs -= LONGEST_TIMER_MS) {
		await abortable(sleep(Math.min(leftMs, LONGEST_TIMER_MS), signal), signal);
		if (leftMs <= LONGEST_TIMER_MS) return;
	}
}

/**
 * What `work` gives, or `late` when that takes longer than `ms` milliseconds. The work itself goes
 * on, and what goes wrong with it then is nobody's concern.
 */
export async function within<T, L>(ms: number, work: Promise<T>, late: L): Promise<T | L> {
	const settled = new AbortController();
	const timer = pause(ms, settled.signal).then(
		() => late,
		() => late,
	);
	work.catch(() => undefined);
	try {
		return await Promise.race([work, timer]);
	} finally {
		settled.abort();
	}
}

/** Lets at most `limit` pieces of work run at once; the others wait for their turn. */
export function openLimit(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
	let free = limit;
	const waiting: Array<() => void> = [];
	return async (work) => {
		if (free > 0) free -= 1;
		else await new Promise<void>((resolve) => waiting.push(resolve));
		try {
			return await work();
		} finally {
			const next = waiting.shift();
			if (next === undefined) free += 1;
			else next();
		}
	};
}

/**
 * Maps in order with at most `limit` running at once. Never starts one more after `mayStart` said
 * no; those come out as undefined.
 */
export async function mapConcurrently<T, R>(
	inputs: readonly T[],
	limit: number,
	map: (input: T, index: number) => Promise<R>,
	mayStart: () => boolean = () => true,
): Promise<Array<R | undefined>> {
	const results: Array<R | undefined> = inputs.map(() => undefined);
	const queue = inputs.entries();
	const runner = async () => {
		for (const [index, input] of queue) {
			if (!mayStart()) return;
			results[index] = await map(input, index);
		}
	};
	await Promise.all(Array.from({ length: Math.min(limit, inputs.length) }, runner));
	return results;
}

const TICK_MS = 1_000;

/** Something that is worked on once its time has come; the work itself says when that is again. */
export interface Due {
	/** In milliseconds since 1970. */
	nextAt: number;
	isBusy: boolean;
}

/**
 * Works on each entry whenever it is due, at most `limit` at once, as long as there are entries.
 * Nothing cancels it: it serves what outlives the execution that began it.
 *
 * @param work must not throw
 * @returns begins with it, unless it is under way
 */
export function openRounds<K, T extends Due>(
	entries: ReadonlyMap<K, T>,
	limit: number,
	work: (entry: T, key: K) => Promise<void>,
): () => void {
	const { signal } = new AbortController();
	let isUnderWay = false;
	let busy = 0;
	const begin = async (entry: T, key: K) => {
		entry.isBusy = true;
		busy += 1;
		try {
			await work(entry, key);
		} finally {
			entry.isBusy = false;
			busy -= 1;
		}
	};
	const goRound = async () => {
		isUnderWay = true;
		while (entries.size > 0) {
			await sleep(TICK_MS, signal);
			const now = Date.now();
			for (const [key, entry] of entries) {
				if (busy >= limit) break;
				if (!entry.isBusy && entry.nextAt <= now) void begin(entry, key);
			}
		}
		isUnderWay = false;
	};
	return () => {
		if (!isUnderWay) void goRound();
	};
}
