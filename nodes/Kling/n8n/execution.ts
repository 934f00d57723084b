import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

// Read from n8n's data proxy, since an expression takes its sandbox some ten milliseconds (n8n 2.41).
const executionSchema = z.object({ $execution: z.object({ resumeUrl: z.string().url() }) });

/** This execution's resume URL, which the API calls to wake a suspended execution. */
export function readResumeUrl(context: IExecuteFunctions): string | null {
	const read = executionSchema.safeParse(context.getWorkflowDataProxy(0));
	return read.data?.$execution.resumeUrl ?? null;
}

const runSchema = z.object({ $runIndex: z.number() });

/** Which run of the node this is: a loop's next turn has the next number, a second try has not. */
export function readRunIndex(context: IExecuteFunctions): number {
	return runSchema.safeParse(context.getWorkflowDataProxy(0)).data?.$runIndex ?? 0;
}

const contextDataSchema = z.object({
	runExecutionData: z.object({ executionData: z.object({ contextData: z.record(z.unknown()) }) }),
});

/**
 * What the called node has stored with its execution (n8n: `getContext('node')`). n8n offers it to webhooks
 * by an expression only, which takes a fifth of a second for a wait of 500 items (n8n 2.41), so this looks
 * first at what each n8n context carries.
 */
export function readNodeContext(
	context: Pick<IWebhookFunctions, 'getNode' | 'evaluateExpression'>,
): unknown {
	const { name } = context.getNode();
	const carried = contextDataSchema.safeParse(context).data?.runExecutionData.executionData;
	if (carried !== undefined) return carried.contextData[`node:${name}`];
	// Two braces in a row would end the expression, even inside of a text.
	const quoted = JSON.stringify(name).replaceAll('{', '\\u007b').replaceAll('}', '\\u007d');
	return context.evaluateExpression(`{{ $node[${quoted}].context }}`, 0);
}

/** What tells whether the node runs as a tool; n8n 2.0 does not have the function yet. */
export type ToolContext = Pick<IExecuteFunctions, 'getNode'> &
	Partial<Pick<IExecuteFunctions, 'isToolExecution'>>;

/** Whether the node runs as a tool of an AI Agent, which waits for the answer in the same process. */
export function isTool(context: ToolContext): boolean {
	return context.getNode().type.endsWith('Tool') || context.isToolExecution?.() === true;
}

/** For a request that must be let to its end: n8n aborts it by the signal of the context it is called on. */
export function withoutCancelling<T extends object>(context: T): T {
	return new Proxy(context, {
		get: (target, key): unknown =>
			key === 'getExecutionCancelSignal' ? () => undefined : Reflect.get(target, key),
	});
}

/**
 * The modes in which n8n stores an execution that sleeps and wakes it (n8n: `wait-tracker`,
 * `waiting-webhooks`). Of the others (n8n 2.0 to 2.41):
 * - `integrated`: a sub-workflow. Where that runs once for each item, n8n loses the items of those that sleep.
 * - `evaluation`: the test runner takes the execution that sleeps for the result.
 * - `cli`: `n8n execute` ends its process.
 * - `agent`: an agent that runs a workflow as its tool waits in the same process.
 * - `internal`: n8n starts nothing with it.
 */
const WAKEABLE = ['manual', 'trigger', 'webhook', 'retry', 'error', 'chat'];

/** Whether n8n can wake this execution when it sleeps. */
export function maySleep(context: ToolContext & Pick<IExecuteFunctions, 'getMode'>): boolean {
	return !isTool(context) && WAKEABLE.includes(context.getMode());
}

/** n8n offers its configuration to nodes nowhere, but each n8n context carries it (2.0 to 2.41). */
const configSchema = z.object({
	instanceSettings: z.object({
		logger: z.object({
			globalConfig: z.object({
				port: z.number().optional().catch(undefined),
				executions: z
					.object({
						mode: z.string(),
						concurrency: z.object({ productionLimit: z.number() }).optional().catch(undefined),
					})
					.optional()
					.catch(undefined),
			}),
		}),
	}),
});

export function configOf(context: object) {
	return configSchema.safeParse(context).data?.instanceSettings.logger.globalConfig;
}

/** Whether n8n may keep a woken execution waiting for a place, and call it asleep until then: regular mode, limited. */
export function mayQueue(context: object): boolean {
	const limit = configOf(context)?.executions?.concurrency?.productionLimit ?? 1;
	return isAlone(context) && limit > 0;
}

/** Whether this is the only process of its n8n; where its configuration does not say so, there may be others. */
export function isAlone(context: object): boolean {
	return configOf(context)?.executions?.mode === 'regular';
}

/**
 * Whether a failed item is passed on: as *On Error* says, and always in a tool, since a thrown error
 * reaches no model whole (n8n: agent 3 gets the message alone, agent 2.2 an empty text).
 */
export function keepsFailedItems(
	context: ToolContext & Pick<IExecuteFunctions, 'continueOnFail'>,
): boolean {
	return context.continueOnFail() || isTool(context);
}
