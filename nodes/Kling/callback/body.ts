import { z } from 'zod';

import { apiTaskSchema, jsonObjectSchema } from '../api/schemas';
import type { TaskReading } from '../api/client';
import { isTaskId } from '../task/request';

/**
 * The task a callback speaks of, or null when the body is none. What it says is not believed:
 * anyone can send it (API docs: callbacks carry no signature).
 */
export function parseCallbackBody(body: unknown): TaskReading | null {
	const task = apiTaskSchema.extend({ id: z.string().refine(isTaskId) }).safeParse(body);
	const raw = jsonObjectSchema.safeParse(body);
	return task.success && raw.success ? { task: task.data, raw: raw.data } : null;
}
