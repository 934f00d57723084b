import { sleep, UnexpectedError } from 'n8n-workflow';

/** Thrown by everything that waits, once the execution was cancelled. */
export class CancelledError extends UnexpectedError {
	constructor() {
		super('The execution was cancelled');
	}
}

/** What `work` gives. Throws `CancelledError` once the signal fires. */
export async function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
	if (signal?.aborted === true) throw new CancelledError();
	return await new Promise((resolve, reject) => {
		const cancel = () => reject(new CancelledError());
		signal?.addEventListener('abort', cancel, { once: true });
		void work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', cancel));
	});
}

/** n8n 2.0's `sleep` cannot be cut short, so a cancelled pause leaves a timer of at most this long. */
const LONGEST_SLEEP_MS = 600_000;

/** Waits `ms` milliseconds. Throws `CancelledError` once the signal fires. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted === true) throw new CancelledError();
	for (let leftMs = ms; leftMs > 0; leftMs -= LONGEST_SLEEP_MS) {
		await abortable(sleep(Math.min(leftMs, LONGEST_SLEEP_MS), signal), signal);
	}
}

/** Resolves after `ms` milliseconds, by a timer that keeps no process alive. */
export async function after(ms: number): Promise<void> {
	await new Promise((resolve) => {
		AbortSignal.timeout(ms).addEventListener('abort', resolve, { once: true });
	});
}

/** What `work` gives, or `late` after `ms` milliseconds. It goes on; a late rejection is ignored. */
export async function within<T, L>(ms: number, work: Promise<T>, late: L): Promise<T | L> {
	work.catch(() => undefined);
	return await Promise.race([work, after(Math.max(0, ms)).then(() => late)]);
}

/** Maps in order with at most `limit` running at once. */
export async function mapConcurrently<T, R>(
	inputs: readonly T[],
	limit: number,
	map: (input: T, index: number) => Promise<R>,
): Promise<R[]> {
	const results: R[] = [];
	const queue = inputs.entries();
	const runner = async () => {
		for (const [index, input] of queue) results[index] = await map(input, index);
	};
	await Promise.all(Array.from({ length: Math.min(limit, inputs.length) }, runner));
	return results;
}
