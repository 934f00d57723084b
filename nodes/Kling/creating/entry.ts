import type { IDataObject } from 'n8n-workflow';
import { z } from 'zod';

import { summarySchema } from '../api/task';

/** What is stored of one create, in the context that all nodes of the execution share. */

export const CREATED_KEY = 'klingCreated';

const entrySchema = z.object({
	/** The node that created it; null for a tool, whose equal requests are one video, whoever asks. */
	node: z.string().nullable(),
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
	/** It stands for nothing: it was not carried out, or its task failed and the credits were given back. */
	isRefunded: z.boolean(),
});

export type Entry = z.infer<typeof entrySchema>;

/** Of the entries of an item the last stands. A new list each time, since it is written to. */
const storedSchema = z.array(entrySchema).catch(() => []);

/** @param store the context that all nodes of the execution share */
export function readEntries(store: IDataObject): Entry[] {
	return storedSchema.parse(store[CREATED_KEY]);
}
