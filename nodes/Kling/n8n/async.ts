import { sleep, UnexpectedError } from 'n8n-workflow';

/** Thrown by everything that waits, once the execution was cancelled. */
export class CancelledError extends UnexpectedError {
	constructor() {
		super('The execution was cancelled');
	}
}

/**
 * Resolves with what `work` gives, unless the signal fires first.
 *
 * @throws {CancelledError} when the execution was cancelled
 */
export async function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
	if (signal === undefined) return await work;
	if (signal.aborted) throw new CancelledError();
	let onAbort = () => {};
	const aborted = new Promise<never>((_, reject) => {
		onAbort = () => reject(new CancelledError());
		signal.addEventListener('abort', onAbort, { once: true });
	});
	try {
		return await Promise.race([work, aborted]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

/** n8n 2.0's `sleep` cannot be cut short, so a cancelled pause leaves a timer of at most this long. */
const LONGEST_SLEEP_MS = 600_000;

/**
 * Waits `ms` milliseconds, or less when the execution is cancelled.
 *
 * @throws {CancelledError} when the execution was cancelled
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted === true) throw new CancelledError();
	for (let leftMs = ms; leftMs > 0; leftMs -= LONGEST_SLEEP_MS) {
		await abortable(sleep(Math.min(leftMs, LONGEST_SLEEP_MS), signal), signal);
	}
}

/** Resolves after `ms` milliseconds, by a timer that keeps no process alive. */
export async function after(ms: number): Promise<void> {
	const timer = AbortSignal.timeout(ms);
	await new Promise<void>((resolve) => {
		timer.addEventListener('abort', () => resolve(), { once: true });
	});
}

/**
 * What `work` gives, or `late` when that takes longer than `ms` milliseconds. `work` is not
 * cancelled; a late rejection is ignored.
 */
export async function within<T, L>(ms: number, work: Promise<T>, late: L): Promise<T | L> {
	work.catch(() => undefined);
	return await Promise.race([work, after(Math.max(0, ms)).then(() => late)]);
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
