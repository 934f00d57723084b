import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { createHash } from 'node:crypto';
import { z } from 'zod';

import type { CreateInput } from '../api/schemas';
import type { CallbackTarget } from '../callback/target';
import { readRunIndex } from '../n8n/execution';

/**
 * What earlier tries of the same node run have already created, so that nothing is paid twice.
 *
 * It is kept in the node's context, which n8n stores with the execution: it survives *Retry On
 * Fail* and *Retry execution*. A loop's next turn has another run index and a new execution has an
 * empty context, so both create anew.
 */

const CONTEXT_KEY = 'klingCreated';

const entrySchema = z.object({
	request: z.string(),
	/** Null while it is unclear whether a task came to be. */
	taskId: z.string().nullable(),
	/** The execution that sent the request. */
	executionId: z.string(),
	callback: z.enum(['execution', 'trigger', 'url', 'none']),
	callbackUrl: z.string().optional(),
});

const journalSchema = z
	.object({ runIndex: z.number(), items: z.record(entrySchema) })
	.catch({ runIndex: -1, items: {} });

type Entry = z.infer<typeof entrySchema>;

/** What makes two requests the same, and where the task's end is reported. */
export interface JournalRequest extends CallbackTarget {
	input: CreateInput;
	imageIdentities: readonly string[];
}

export interface JournalTask extends CallbackTarget {
	taskId: string;
}

export interface Journal {
	/** The task an earlier try obtained for this item, provided that its request is unchanged. */
	findCreated(itemIndex: number, request: JournalRequest): JournalTask | null;
	/** Whether this execution has sent the item's request without learning what came of it. */
	isUnclear(itemIndex: number, request: JournalRequest): boolean;
	/** To be called before the request is sent: until it is settled, its outcome is unclear. */
	recordSending(itemIndex: number, request: JournalRequest): void;
	recordCreated(itemIndex: number, taskId: string): void;
	/** The tasks that this run and earlier tries of it have created. */
	createdIds(): string[];
	/** The request certainly created nothing, so it may be sent again. */
	recordRefused(itemIndex: number): void;
}

/**
 * The same for equal requests. The callback is left out, and so are signed image addresses: a
 * retried execution has others.
 */
function fingerprint({ input, imageIdentities }: JournalRequest): string {
	const parts = [input.prompt, imageIdentities, input.duration, input.sound];
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The journal of the node run that is being executed. */
export function openJournal(context: IExecuteFunctions): Journal {
	const store: IDataObject = context.getContext('node');
	const runIndex = readRunIndex(context);
	const executionId = context.getExecutionId();
	const stored = journalSchema.parse(store[CONTEXT_KEY]);
	const items: Record<string, Entry> = stored.runIndex === runIndex ? stored.items : {};
	store[CONTEXT_KEY] = { runIndex, items };

	const matching = (itemIndex: number, request: JournalRequest): Entry | null => {
		const entry = items[itemIndex];
		return entry !== undefined && entry.request === fingerprint(request) ? entry : null;
	};

	return {
		findCreated: (itemIndex, request) => {
			const entry = matching(itemIndex, request);
			if (entry === null || entry.taskId === null) return null;
			return {
				taskId: entry.taskId,
				callback: entry.callback,
				callbackUrl: entry.callbackUrl,
			};
		},
		isUnclear: (itemIndex, request) => {
			const entry = matching(itemIndex, request);
			return entry !== null && entry.taskId === null && entry.executionId === executionId;
		},
		recordSending: (itemIndex, request) => {
			items[itemIndex] = {
				request: fingerprint(request),
				taskId: null,
				executionId,
				callback: request.callback,
				callbackUrl: request.callbackUrl,
			};
		},
		recordCreated: (itemIndex, taskId) => {
			const entry = items[itemIndex];
			if (entry !== undefined) entry.taskId = taskId;
		},
		createdIds: () => Object.values(items).flatMap(({ taskId }) => taskId ?? []),
		recordRefused: (itemIndex) => {
			delete items[itemIndex];
		},
	};
}
