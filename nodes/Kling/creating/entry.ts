import { z } from 'zod';

import type { RequestSummary } from '../api/task';

/** What is stored of one create, in the context of the execution that sent it. */

const summarySchema = z.object({
	estimatedCredits: z.number(),
	duration: z.number(),
	sound: z.boolean(),
	callback: z.string(),
	callbackUrl: z.string().nullable(),
}) satisfies z.ZodType<RequestSummary>;

const entrySchema = z.object({
	runIndex: z.number(),
	/** The item that it was made for. */
	item: z.number(),
	/** The execution whose item it stands for: the one that sent it, or a later *Retry* of that. */
	executionId: z.string(),
	/** The execution that sent it, which its callback may wake. */
	sentBy: z.string(),
	request: z.string(),
	/** The fingerprint of the node's parameters as they were written, expressions included. */
	written: z.string(),
	/** Null while it is unclear whether a task came to be. */
	taskId: z.string().nullable(),
	/** When it was created, in milliseconds since 1970. */
	createdAt: z.number(),
	summary: summarySchema,
	/**
	 * What it stands for: its item; nothing, since the item's request was changed before a retry; nothing,
	 * since it was not carried out, or its task failed and the credits were given back.
	 */
	state: z.enum(['standing', 'replaced', 'refunded']),
});

export type Entry = z.infer<typeof entrySchema>;

/** A new list each time, since it is written to. */
export const storedSchema = z.array(entrySchema).catch(() => []);
