import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { z } from 'zod';

import { jsonObjectSchema } from '../api/schemas';
import { readRunIndex } from '../n8n/execution';
import type { ItemOutcome } from '../result/item';
import { toItem } from '../result/item';

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

const suspendedSchema = z.object({
	items: z.array(suspendedItemSchema),
	executionId: z.string().optional(),
	runIndex: z.number().optional(),
});

const storedSchema = z.object({ [CONTEXT_KEY]: suspendedSchema });

/** A wait as it is stored; null when the node's context holds none. */
export function parseSuspended(nodeContext: unknown): SuspendedItem[] | null {
	const stored = storedSchema.safeParse(nodeContext);
	return stored.success ? stored.data[CONTEXT_KEY].items : null;
}

/**
 * Whether this very run of the node has suspended the execution already: n8n may call it again
 * (*Retry On Fail*), on input items that hold the timed-out result by then.
 */
export function isSuspended(context: IExecuteFunctions): boolean {
	const stored = storedSchema.safeParse(context.getContext('node'));
	if (!stored.success) return false;
	const { executionId, runIndex } = stored.data[CONTEXT_KEY];
	return executionId === context.getExecutionId() && runIndex === readRunIndex(context);
}

/**
 * Suspends the execution in n8n's database until {@link parseSuspended} items are all finished, or
 * the time is over.
 *
 * When the timer fires, n8n passes on the node's own input items. So the complete timed-out
 * result is written into them now.
 *
 * @param timedOut what each item is when the time runs out
 */
export async function suspend(
	context: IExecuteFunctions,
	items: SuspendedItem[],
	timedOut: readonly ItemOutcome[],
	timeoutMs: number,
): Promise<void> {
	const store: IDataObject = context.getContext('node');
	store[CONTEXT_KEY] = {
		items,
		executionId: context.getExecutionId(),
		runIndex: readRunIndex(context),
	};
	for (const [itemIndex, item] of context.getInputData().entries()) {
		const outcome = timedOut[itemIndex];
		if (outcome === undefined) continue;
		const { json, pairedItem } = toItem(outcome, itemIndex);
		item.json = json;
		item.pairedItem = pairedItem;
		delete item.binary;
	}
	await context.putExecutionToWait(new Date(Date.now() + timeoutMs));
}
