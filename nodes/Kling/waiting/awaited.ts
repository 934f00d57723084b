import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

/**
 * Which tasks call this execution's resume URL when they end. Create notes it in the context that
 * all nodes of an execution share, since the items may have lost it on their way to Wait.
 */

const CONTEXT_KEY = 'klingCallbacks';

const awaitedSchema = z.record(z.string()).catch({});

export function noteAwaited(
	context: IExecuteFunctions,
	tasks: ReadonlyArray<{ taskId: string; callbackUrl: string }>,
): void {
	if (tasks.length === 0) return;
	const store: IDataObject = context.getContext('flow');
	store[CONTEXT_KEY] = {
		...awaitedSchema.parse(store[CONTEXT_KEY]),
		...Object.fromEntries(tasks.map(({ taskId, callbackUrl }) => [taskId, callbackUrl])),
	};
}

const itemSchema = z.object({ callbackUrl: z.string().nullable().catch(null).default(null) });

/** Whether the end of this item's task is reported to the given resume URL. */
export function isAwaited(
	context: IExecuteFunctions,
	itemIndex: number,
	taskId: string,
	resumeUrl: string | null,
): boolean {
	if (resumeUrl === null) return false;
	const noted = awaitedSchema.parse(context.getContext('flow')[CONTEXT_KEY])[taskId];
	const item = itemSchema.safeParse(context.getInputData()[itemIndex]?.json);
	return noted === resumeUrl || (item.success && item.data.callbackUrl === resumeUrl);
}
