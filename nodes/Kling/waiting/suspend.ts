import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { z } from 'zod';

import type { TaskReading } from '../api/schemas';
import { jsonObjectSchema, toTaskReading } from '../api/schemas';
import { resumeAddressOf } from '../callback/resumeAddress';
import { readRunIndex } from '../n8n/execution';
import { noteInstance } from '../n8n/ownAddress';
import type { ItemOutcome } from '../result/item';
import { hasErrorOutput, toItem } from '../result/item';
import { isFinished } from '../result/task';
import { netAfterMs } from './schedule';
import type { WatchedTask } from './watch';
import { watch } from './watch';

/**
 * A suspended wait. n8n keeps the node's context with the execution, so it holds all that the
 * resume needs; after that the node is not run again (n8n: `webhook()` gives its output).
 */

const CONTEXT_KEY = 'klingSuspended';

/** The output of a run that has suspended its execution: nothing that n8n takes for a failure. */
export function suspendedOutput(): INodeExecutionData[][] {
	return [[]];
}

/** References to files in n8n's binary store. */
const binarySchema = z.record(
	z.custom<IBinaryData>((value) => jsonObjectSchema.safeParse(value).success),
);

const suspendedItemSchema = z.union([
	z.object({ settled: jsonObjectSchema, binary: binarySchema.optional() }),
	z.object({
		taskId: z.string().toLowerCase(),
		extras: jsonObjectSchema,
		simplify: z.boolean(),
		downloadField: z.string().nullable(),
		/** The API's own object as it was read before the wait. */
		known: jsonObjectSchema.optional(),
	}),
]);

/** One item of a suspended wait: one without a task to read any more, or one with its task. */
export type SuspendedItem = z.infer<typeof suspendedItemSchema>;

/** What older versions did not store is null. */
const suspendedSchema = z.object({
	items: z.array(suspendedItemSchema),
	executionId: z.string().nullable().default(null),
	runIndex: z.number().nullable().default(null),
	/** When the time is over, in milliseconds since 1970. */
	timeoutAt: z.number().nullable().default(null),
	/** When n8n's own timer ends the wait, in milliseconds since 1970. */
	netAt: z.number().nullable().default(null),
});

/** A wait as it is stored. */
export type SuspendedWait = z.infer<typeof suspendedSchema>;

const storedSchema = z.object({ [CONTEXT_KEY]: suspendedSchema });

/** A wait as it is stored; null when the node's context holds none. */
export function parseSuspended(nodeContext: unknown): SuspendedWait | null {
	const stored = storedSchema.safeParse(nodeContext);
	return stored.success ? stored.data[CONTEXT_KEY] : null;
}

/** The tasks that were finished before the execution was suspended for the others. */
export function finishedBefore({ items }: SuspendedWait): Map<string, TaskReading> {
	const finished = new Map<string, TaskReading>();
	for (const item of items) {
		if (!('taskId' in item)) continue;
		const reading = toTaskReading(item.known);
		if (reading !== null && isFinished(reading.task)) finished.set(item.taskId, reading);
	}
	return finished;
}

/**
 * Whether this very run of the node has suspended the execution already: n8n may call it again
 * (*Retry On Fail*), on input items that hold the timed-out result by then.
 */
export function isSuspended(context: IExecuteFunctions): boolean {
	const wait = parseSuspended(context.getContext('node'));
	return (
		wait !== null &&
		wait.executionId === context.getExecutionId() &&
		wait.runIndex === readRunIndex(context)
	);
}

export interface Suspension {
	items: SuspendedItem[];
	/** What each item is when n8n's own timer ends the wait. */
	timedOut: readonly ItemOutcome[];
	/** The tasks that are still under way. */
	open: readonly WatchedTask[];
	timeoutMs: number;
}

/**
 * Suspends the execution in n8n's database until all its tasks are finished, or the time is over.
 *
 * When n8n's own timer fires, because neither a callback nor the process that looks at the tasks was
 * there, n8n passes on the node's own input items. So the complete timed-out result is written into
 * them now, and with *Execute Once*, where n8n still holds all the items that came in, the others are
 * taken out.
 */
export async function suspend(
	context: IExecuteFunctions,
	{ items, timedOut, open, timeoutMs }: Suspension,
): Promise<void> {
	const downloads = items.some((item) => 'taskId' in item && item.downloadField !== null);
	const timeoutAt = Date.now() + timeoutMs;
	const netAt = timeoutAt + netAfterMs(downloads);
	const executionId = context.getExecutionId();
	const wait: SuspendedWait = {
		items,
		executionId,
		runIndex: readRunIndex(context),
		timeoutAt,
		netAt,
	};
	// Before the input changes: keys may be expressions over it.
	const resumeUrl = resumeAddressOf(context);
	noteInstance(context);
	if (resumeUrl !== null) await watch(context, { executionId, resumeUrl, tasks: open, timeoutAt });
	const store: IDataObject = context.getContext('node');
	store[CONTEXT_KEY] = wait;
	const input = context.getInputData();
	for (const [itemIndex, item] of input.entries()) {
		const outcome = timedOut[itemIndex];
		if (outcome === undefined) continue;
		const { json, pairedItem } = toItem(outcome, itemIndex, hasErrorOutput(context));
		item.json = json;
		item.pairedItem = pairedItem;
		delete item.binary;
	}
	context.getExecuteData().data.main?.[0]?.splice(input.length);
	await context.putExecutionToWait(new Date(netAt));
}
