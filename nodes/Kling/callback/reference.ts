import { z } from 'zod';

import { isReference } from '../parameters/reference';
import type { CallbackTarget } from './target';

/**
 * How a reference travels from Create to the Kling Trigger: as a query of the trigger's own address,
 * which the API calls as it was given. Never on resume URLs, whose signature covers the query
 * (n8n 2.41), nor on addresses of others.
 */

const QUERY = 'reference';

/** The path of every Kling Trigger, below n8n's webhook address. */
const TRIGGER_PATH = /\/kling\/[^/]+$/;

/** Whether a Kling Trigger is called, by its own choice or by its address. */
function callsTrigger({ callback, callbackUrl }: CallbackTarget): boolean {
	if (callbackUrl === undefined || callback === 'execution') return false;
	return callback === 'trigger' || TRIGGER_PATH.test(new URL(callbackUrl).pathname);
}

/** The target with the reference, or as it was where no Kling Trigger could give it back. */
export function withReference(target: CallbackTarget, reference: string | null): CallbackTarget {
	if (reference === null || target.callbackUrl === undefined || !callsTrigger(target))
		return target;
	const url = new URL(target.callbackUrl);
	url.searchParams.set(QUERY, reference);
	return { ...target, callbackUrl: url.href };
}

const querySchema = z.object({ [QUERY]: z.string().refine(isReference) });

/** The reference that a callback brings along, unverified; null for none. */
export function referenceOf(query: unknown): string | null {
	const parsed = querySchema.safeParse(query);
	return parsed.success ? parsed.data[QUERY] : null;
}
