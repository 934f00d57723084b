import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { jsonObjectSchema } from '../api/schemas';
import type { Task } from '../api/task';

/**
 * What Create tells a Wait further down of its tasks, in the context that all nodes of an execution
 * share: the items may have lost it on their way.
 */

const CONTEXT_KEY = 'klingCallbacks';

const entrySchema = z.object({
	/** When it was created, in milliseconds since 1970. */
	createdAt: z.number(),
	/** The execution that its callback wakes; null for none. A *Retry* has an id of its own. */
	executionId: z.string().nullable(),
});

type Entry = z.infer<typeof entrySchema>;

export interface Recalled {
	/** When it was created, in milliseconds since 1970. */
	createdAt: number;
	callsThisExecution: boolean;
}

function storedIn(context: IExecuteFunctions): IDataObject {
	const stored = jsonObjectSchema.safeParse(context.getContext('flow')[CONTEXT_KEY]);
	return stored.success ? stored.data : {};
}

/** Notes those of the tasks that this execution has created. */
export function recordCreated(
	context: IExecuteFunctions,
	tasks: ReadonlyArray<Pick<Task, 'id' | 'createdAt' | 'callsThisExecution'>>,
): void {
	const executionId = context.getExecutionId();
	const entries = tasks.flatMap(
		({ id, createdAt, callsThisExecution }): Array<[string, Entry]> =>
			createdAt === null
				? []
				: [[id, { createdAt, executionId: callsThisExecution ? executionId : null }]],
	);
	if (entries.length === 0) return;
	const store: IDataObject = context.getContext('flow');
	store[CONTEXT_KEY] = { ...storedIn(context), ...Object.fromEntries(entries) };
}

/** What a Create of this execution has noted of a task; null where none has. */
export function recall(context: IExecuteFunctions, taskId: string): Recalled | null {
	const entry = entrySchema.safeParse(storedIn(context)[taskId]);
	if (!entry.success) return null;
	const { createdAt, executionId } = entry.data;
	return { createdAt, callsThisExecution: executionId === context.getExecutionId() };
}
