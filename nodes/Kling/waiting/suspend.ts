import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { jsonObjectSchema } from '../api/schemas';
import type { ItemOutcome } from '../result/item';
import { toItem } from '../result/item';

/**
 * A suspended wait. n8n keeps the node's context with the execution, so it holds all that the
 * resume needs; after that the node is not run again (n8n: `webhook()` gives its output).
 */

const CONTEXT_KEY = 'klingSuspended';

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
	}),
]);

/** One item of a suspended wait: finished before it began, or still to come. */
export type SuspendedItem = z.infer<typeof suspendedItemSchema>;

const suspendedSchema = z.object({ items: z.array(suspendedItemSchema) });

/** A wait as it is stored; null when the node's context holds none. */
export function parseSuspended(nodeContext: unknown): SuspendedItem[] | null {
	const stored = z.object({ [CONTEXT_KEY]: suspendedSchema }).safeParse(nodeContext);
	return stored.success ? stored.data[CONTEXT_KEY].items : null;
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
	store[CONTEXT_KEY] = { items };
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
