import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/** What n8n's own objects hold at a path. Each context carries more than n8n offers to nodes (2.0 to 2.41). */
export function carriedBy(context: unknown, ...path: string[]): unknown {
	let at = context;
	for (const key of path) {
		at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
	}
	return at;
}

/** n8n's own resume URL. The API gets `resumeAddressOf` (with `/kling`) instead. */
export function readResumeUrl(context: IExecuteFunctions): string | null {
	// An expression would take its sandbox some ten milliseconds (n8n 2.41).
	const url = carriedBy(context.getWorkflowDataProxy(0), '$execution', 'resumeUrl');
	return z.string().url().safeParse(url).data ?? null;
}

/** Which run of the node this is: a loop's next turn has the next number, a second try has not. */
export function readRunIndex(context: IExecuteFunctions): number {
	const runIndex = carriedBy(context.getWorkflowDataProxy(0), '$runIndex');
	return typeof runIndex === 'number' ? runIndex : 0;
}

/**
 * What the called node has stored with its execution (n8n: `getContext('node')`). n8n offers it to webhooks
 * by an expression only, which takes a fifth of a second for a wait of 500 items (n8n 2.41).
 */
export function readNodeContext(
	context: Pick<IWebhookFunctions, 'getNode' | 'evaluateExpression'>,
): unknown {
	const { name } = context.getNode();
	const stored = carriedBy(context, 'runExecutionData', 'executionData', 'contextData');
	if (stored !== undefined) return carriedBy(stored, `node:${name}`);
	// Two braces in a row would end the expression, even inside of a text.
	const quoted = JSON.stringify(name).replaceAll('{', '\\u007b').replaceAll('}', '\\u007d');
	return context.evaluateExpression(`{{ $node[${quoted}].context }}`, 0);
}

/** Whether a full node type, such as `n8n-nodes-….kling`, is this one of this package's. */
export function isNodeType(fullType: string, name: 'kling' | 'klingTrigger'): boolean {
	return fullType.split('.').at(-1) === name;
}

const nodesSchema = z.record(z.object({ type: z.string(), disabled: z.unknown() })).catch({});

/** The names of the Kling Triggers in the executed workflow that are not switched off. */
export function triggersOf(context: object): string[] {
	return Object.entries(nodesSchema.parse(carriedBy(context, 'workflow', 'nodes')))
		.filter(([, node]) => isNodeType(node.type, 'klingTrigger') && node.disabled !== true)
		.map(([name]) => name);
}

/** Whether a Kling Trigger of the executed workflow has started this execution. */
export function isStartedByTrigger(context: object): boolean {
	return triggersOf(context).some((name) => name in runOf(context));
}

/** Whether any node of this execution has run before the one at hand: at least the one that started it. */
export function hasBegun(context: object): boolean {
	return Object.keys(runOf(context)).length > 0;
}

function runOf(context: object): object {
	const run = carriedBy(context, 'runExecutionData', 'resultData', 'runData');
	return typeof run === 'object' && run !== null ? run : {};
}

/** What tells whether the node runs as a tool; n8n 2.0 does not have the function yet. */
export type ToolContext = Pick<IExecuteFunctions, 'getNode'> &
	Partial<Pick<IExecuteFunctions, 'isToolExecution'>>;

/** Whether the node runs as a tool of an AI Agent, which waits for the answer in the same process. */
export function isTool(context: ToolContext): boolean {
	return context.getNode().type.endsWith('Tool') || context.isToolExecution?.() === true;
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
 */
const WAKEABLE = ['manual', 'trigger', 'webhook', 'retry', 'error', 'chat'];

/** Whether n8n can wake this execution when it sleeps. */
export function maySleep(context: ToolContext & Pick<IExecuteFunctions, 'getMode'>): boolean {
	return !isTool(context) && WAKEABLE.includes(context.getMode());
}

/** n8n's own configuration. */
export function configOf(context: object, ...path: string[]): unknown {
	return carriedBy(context, 'instanceSettings', 'logger', 'globalConfig', ...path);
}

/** Whether this is the only process of its n8n; where its configuration does not say so, there may be others. */
export function isAlone(context: object): boolean {
	return configOf(context, 'executions', 'mode') === 'regular';
}

/** Whether n8n may keep a woken execution waiting for a place, and call it asleep until then: regular mode, limited. */
export function mayQueue(context: object): boolean {
	const limit = configOf(context, 'executions', 'concurrency', 'productionLimit') ?? 1;
	return isAlone(context) && Number(limit) > 0;
}
