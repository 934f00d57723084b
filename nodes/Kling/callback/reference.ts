import { z } from 'zod';

import { isReference } from '../parameters/callback';

/**
 * How a reference travels from Create to the Kling Trigger: as a query of the trigger's own address,
 * which the API calls as it was given. Never on resume addresses, whose signature covers the query
 * (n8n 2.41), nor on addresses of others.
 */

const QUERY = 'reference';

/** @param url where a Kling Trigger of this n8n is called */
export function withReference(url: string, reference: string | null): string {
	if (reference === null) return url;
	const called = new URL(url);
	called.searchParams.set(QUERY, reference);
	return called.href;
}

const querySchema = z.object({ [QUERY]: z.string().refine(isReference) });

/** The reference that a callback brings along, unverified; null for none. */
export function referenceOf(query: unknown): string | null {
	return querySchema.safeParse(query).data?.[QUERY] ?? null;
}
