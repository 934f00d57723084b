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

/**
 * Waits `ms` milliseconds, or less when the execution is cancelled.
 *
 * @throws {CancelledError} when the execution was cancelled
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted === true) throw new CancelledError();
	await abortable(sleep(ms, signal), signal);
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
