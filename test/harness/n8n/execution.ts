import { parse } from 'flatted';
import { z } from 'zod';

/** What n8n keeps about a file that belongs to an item. */
const binarySchema = z
	.object({
		mimeType: z.string(),
		data: z.string(),
		id: z.string().optional(),
		fileName: z.string().optional(),
		fileExtension: z.string().optional(),
		fileSize: z.union([z.string(), z.number()]).optional(),
		bytes: z.number().optional(),
	})
	.passthrough();

const errorSchema = z
	.object({
		message: z.string(),
		name: z.string().optional(),
		description: z.string().nullish(),
		httpCode: z.union([z.string(), z.number()]).nullish(),
		messages: z.array(z.string()).optional(),
		context: z.record(z.unknown()).optional(),
	})
	.passthrough();

const pairedSchema = z.object({ item: z.number(), input: z.number().optional() }).passthrough();

const itemSchema = z
	.object({
		json: z.record(z.unknown()),
		binary: z.record(binarySchema).optional(),
		error: errorSchema.optional(),
		pairedItem: z.union([z.number(), pairedSchema, z.array(pairedSchema)]).optional(),
	})
	.passthrough();

const hintSchema = z.object({ message: z.string() }).passthrough();

const runSchema = z
	.object({
		executionStatus: z.string().optional(),
		startTime: z.number().optional(),
		executionTime: z.number().optional(),
		data: z.record(z.array(z.array(itemSchema).nullable())).optional(),
		error: errorSchema.optional(),
		hints: z.array(hintSchema).optional(),
	})
	.passthrough();

const runDataSchema = z
	.object({
		resultData: z
			.object({
				runData: z.record(z.array(runSchema)),
				lastNodeExecuted: z.string().optional(),
				error: errorSchema.optional(),
			})
			.passthrough(),
	})
	.passthrough();

const statusSchema = z.enum([
	'canceled',
	'crashed',
	'error',
	'new',
	'running',
	'success',
	'unknown',
	'waiting',
]);

/** An execution as the list shows it. */
export const executionSummarySchema = z
	.object({
		id: z.coerce.string(),
		workflowId: z.string(),
		status: statusSchema,
		mode: z.string(),
		finished: z.boolean().optional(),
		startedAt: z.string().nullish(),
		stoppedAt: z.string().nullish(),
		waitTill: z.string().nullish(),
		retryOf: z.string().nullish(),
		retrySuccessId: z.string().nullish(),
	})
	.passthrough();

function parseRunData(text: string): z.infer<typeof runDataSchema> {
	// What n8n stores before the first node has run.
	if (text === '[]') return { resultData: { runData: {} } };
	return runDataSchema.parse(parse(text));
}

/** An execution with everything its nodes did. */
export const executionSchema = executionSummarySchema.extend({
	data: z.string().transform(parseRunData),
});

export type ExecutionStatus = z.infer<typeof statusSchema>;
export type ExecutionSummary = z.infer<typeof executionSummarySchema>;
export type Execution = z.infer<typeof executionSchema>;
export type ExecutionItem = z.infer<typeof itemSchema>;
export type ExecutionError = z.infer<typeof errorSchema>;
export type ExecutionHint = z.infer<typeof hintSchema>;
export type ExecutionBinary = z.infer<typeof binarySchema>;
type NodeRun = z.infer<typeof runSchema>;

const FINISHED: readonly ExecutionStatus[] = ['success', 'error', 'canceled', 'crashed'];

/** Whether nothing can happen to an execution any more. */
export function isFinished(status: ExecutionStatus): boolean {
	return FINISHED.includes(status);
}

/** The last run of a node. */
function runOf(execution: Execution, node: string): NodeRun | undefined {
	return execution.data.resultData.runData[node]?.at(-1);
}

/** The items a node gave; fails when it did not run. */
export function outputOf(
	execution: Execution,
	node: string,
	{ output = 0 }: { output?: number } = {},
): ExecutionItem[] {
	const nodeRun = runOf(execution, node);
	if (nodeRun === undefined) {
		const ran = Object.keys(execution.data.resultData.runData).join(', ') || 'none';
		const error = execution.data.resultData.error?.message ?? 'none';
		throw new Error(
			`“${node}” did not run in execution ${execution.id} (${execution.status}). ` +
				`Nodes that ran: ${ran}. The execution’s error: ${error}.`,
		);
	}
	return nodeRun.data?.main?.[output] ?? [];
}

/** The error a node ended with; undefined when it did not. */
export function errorOf(execution: Execution, node: string): ExecutionError | undefined {
	return runOf(execution, node)?.error;
}

/** The hints a node showed to the user. */
export function hintsOf(execution: Execution, node: string): ExecutionHint[] {
	return runOf(execution, node)?.hints ?? [];
}
