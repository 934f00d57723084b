import type { IDataObject } from 'n8n-workflow';
import { z } from 'zod';

import type { DurationSeconds } from './pricing';

// Only what cannot be done without is required; any other field that is missing or of another type counts
// as absent: a paid task must not be lost over a decoration.

/** The one model this package speaks to (API docs). */
export const MODEL = 'kling-2.6';

/** What a status means. Any other, such as `processing`, counts as not finished (API docs). */
export const STATUS = { pending: 'pending', completed: 'completed', failed: 'failed' } as const;

/** A UUID (API docs). */
const TASK_ID = /(?<![\w-])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])/g;

/** The task ids within a text, each once and in lower case. */
export function taskIdsIn(text: string): string[] {
	return [...new Set(text.toLowerCase().match(TASK_ID))];
}

/** Whether a text is a task id, in any case. */
export function isTaskId(text: string): boolean {
	return taskIdsIn(text)[0] === text.toLowerCase();
}

const taskIdSchema = z
	.string()
	.min(1)
	.transform((id) => (isTaskId(id) ? id.toLowerCase() : id));

export interface CreateInput {
	prompt: string;
	image_urls: string[];
	duration: DurationSeconds;
	sound: boolean;
}

const unixSeconds = z.number().finite().nullable().catch(null);
const text = z.string().nullable().catch(null);
const urls = z
	.array(z.string().catch(''))
	.catch([])
	.transform((all) => all.filter((url) => url !== ''));

export const apiTaskSchema = z.object({
	id: taskIdSchema,
	status: z.string().min(1),
	model: text,
	created_at: unixSeconds,
	completed_at: unixSeconds,
	progress: z.union([z.number(), z.string()]).nullable().catch(null),
	output: z.object({ urls }).nullable().catch(null),
	error: z
		.object({ code: z.string().catch('unknown'), message: z.string().catch('') })
		.nullable()
		.catch(null),
});

/** A task as the API reports it: times in Unix seconds. */
export type ApiTask = z.infer<typeof apiTaskSchema>;

export function isFinished(task: ApiTask): boolean {
	return task.status === STATUS.completed || task.status === STATUS.failed;
}

/** A task as the API has it: parsed, and as it came. */
export interface TaskReading {
	task: ApiTask;
	raw: IDataObject;
}

/** The documented body of every refusal: `{ "error": { "code", "message", "type" } }`. */
export const apiErrorSchema = z
	.object({ error: z.object({ code: z.string(), message: z.string().catch('') }) })
	.transform(({ error }) => error);

/** A JSON object passed on untouched. */
export const jsonObjectSchema = z.custom<IDataObject>(
	(value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

/** What a task object of the API says, whoever kept it since; null when it is none. */
export function toTaskReading(value: unknown): TaskReading | null {
	const task = apiTaskSchema.safeParse(value);
	const raw = jsonObjectSchema.safeParse(value);
	return task.success && raw.success ? { task: task.data, raw: raw.data } : null;
}

export const createdSchema = z
	.object({ code: z.literal(200), data: z.object({ taskId: taskIdSchema }) })
	.transform(({ data }) => data.taskId);

export const creditsSchema = z
	.object({
		code: z.literal(200),
		data: z.object({
			balance: z.number(),
			total_purchased: z.number(),
			total_consumed: z.number(),
		}),
	})
	.transform(({ data }) => ({
		balance: data.balance,
		totalPurchased: data.total_purchased,
		totalConsumed: data.total_consumed,
	}));

export type Credits = z.infer<typeof creditsSchema>;

/** A 2xx answer that is a refusal all the same (API docs: `code` is not 200). */
export const envelopeSchema = z
	.object({ code: z.number().refine((code) => code !== 200), msg: z.string().catch('') })
	.transform(({ code, msg }) => ({ code: String(code), message: msg }));
