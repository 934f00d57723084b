import { z } from 'zod';

import { isReference } from '../parameters/callback';
import type { CallbackTarget } from './target';

/**
 * How a reference travels from Create to the Kling Trigger: as a query of the trigger's own address,
 * which the API calls as it was given. Never on resume addresses, whose signature covers the query
 * (n8n 2.41), nor on addresses of others.
 */

const QUERY = 'reference';

/** The target with the reference, or as it was where no Kling Trigger of this n8n could give it back. */
export function withReference(
	target: CallbackTarget,
	reference: string | null,
	isOwnTrigger: (url: string) => boolean,
): CallbackTarget {
	const { callback, callbackUrl } = target;
	if (reference === null || callbackUrl === null || callback === 'execution') return target;
	if (callback === 'url' && !isOwnTrigger(callbackUrl)) return target;
	const url = new URL(callbackUrl);
	url.searchParams.set(QUERY, reference);
	return { ...target, callbackUrl: url.href };
}

const querySchema = z.object({ [QUERY]: z.string().refine(isReference) });

/** The reference that a callback brings along, unverified; null for none. */
export function referenceOf(query: unknown): string | null {
	return querySchema.safeParse(query).data?.[QUERY] ?? null;
}
