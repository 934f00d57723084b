import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

/**
 * Which tasks call this execution's resume URL when they end. Create notes it in the context that
 * all nodes of an execution share, since the items may have lost it on their way to Wait.
 */

const CONTEXT_KEY = 'klingCallbacks';

/** The ids of the tasks by the resume URL they call. */
const awaitedSchema = z.record(z.array(z.string())).catch({});

/** Notes that these tasks call `resumeUrl` when they end. */
export function recordCallback(
	context: IExecuteFunctions,
	resumeUrl: string,
	taskIds: readonly string[],
): void {
	const store: IDataObject = context.getContext('flow');
	const awaited = awaitedSchema.parse(store[CONTEXT_KEY]);
	const known = awaited[resumeUrl] ?? [];
	store[CONTEXT_KEY] = { ...awaited, [resumeUrl]: [...known, ...taskIds] };
}

/** Older versions wrote the resume URL into the items. */
const itemSchema = z.object({ callbackUrl: z.string().nullable().catch(null).default(null) });

/** Whether the end of this item's task is reported to the given resume URL. */
export function callsBack(
	context: IExecuteFunctions,
	itemIndex: number,
	taskId: string,
	resumeUrl: string | null,
): boolean {
	if (resumeUrl === null) return false;
	const awaited = awaitedSchema.parse(context.getContext('flow')[CONTEXT_KEY]);
	if (awaited[resumeUrl]?.includes(taskId) === true) return true;
	const item = itemSchema.safeParse(context.getInputData()[itemIndex]?.json);
	return item.success && item.data.callbackUrl === resumeUrl;
}
