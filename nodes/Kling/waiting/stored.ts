import { z } from 'zod';

import { jsonObjectSchema } from '../api/schemas';
import { summarySchema } from '../api/task';

/**
 * A wait that sleeps, as n8n keeps it with the execution, in the node's context. It holds all that the
 * resume needs: the node is not run again (n8n: `webhook()` gives its output).
 */

export const CONTEXT_KEY = 'klingSuspended';

const itemSchema = z.union([
	/** An item that waits for nothing: it comes out as it is. */
	z.object({ settled: jsonObjectSchema }),
	z.object({
		taskId: z.string().toLowerCase(),
		/** When this execution created it, in milliseconds since 1970; null when it did not. */
		createdAt: z.number().nullable(),
		request: summarySchema.nullable(),
		simplify: z.boolean(),
		downloadField: z.string().nullable(),
		/** The API's own object as it was read before the wait. */
		known: jsonObjectSchema.optional(),
	}),
]);

export type StoredItem = z.infer<typeof itemSchema>;

const headSchema = z.object({
	executionId: z.string(),
	runIndex: z.number(),
	/** When the time is over, in milliseconds since 1970. */
	timeoutAt: z.number(),
	/** When n8n's own timer ends the wait, in milliseconds since 1970. */
	n8nTimerAt: z.number(),
	/** Not looked into before it is needed: there may be thousands. */
	items: z.array(z.unknown()),
});

/** A wait as it is stored, its items unread. */
export type StoredWait = z.infer<typeof headSchema>;

const contextSchema = z.object({ [CONTEXT_KEY]: headSchema });

/** The wait in a node's context; null when there is none. */
export function parseStored(nodeContext: unknown): StoredWait | null {
	return contextSchema.safeParse(nodeContext).data?.[CONTEXT_KEY] ?? null;
}

/** The items of a stored wait, in the order of the node's input. */
export function itemsOf({ items }: StoredWait): StoredItem[] {
	return z.array(itemSchema).parse(items);
}
