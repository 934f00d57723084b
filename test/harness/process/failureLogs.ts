import { z } from 'zod';

const COLLECT = Symbol.for('harness.failureLogs');
const TAIL_LINES = 80;

const readers = new Map<string, () => string>();
const collectorSchema = z.function().args().returns(z.string());

/** The last lines of a log. */
export function tail(text: string, lines = TAIL_LINES): string {
	return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * Has a failing test print the end of this log. Returns the function that takes it off the list.
 */
export function showOnFailure(name: string, read: () => string): () => void {
	readers.set(name, read);
	Reflect.set(globalThis, COLLECT, () =>
		[...readers].map(([title, reader]) => `──── ${title} ────\n${tail(reader())}\n`).join(''),
	);
	return () => readers.delete(name);
}

/**
 * The ends of all logs registered in a scope, under their names; empty when there are none. The
 * scope is the tests' global object: Jest's environment has modules of its own.
 */
export function collectFailureLogs(scope: object): string {
	const collect = collectorSchema.safeParse(Reflect.get(scope, COLLECT));
	return collect.success ? collect.data() : '';
}
