import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

/** The node types of this package. n8n puts the package's name in front of them. */
export const NODE_TYPES = { kling: 'kling', klingTrigger: 'klingTrigger' } as const;

/** Whether a full node type, such as `n8n-nodes-….kling`, is one of this package's. */
export function isNodeType(fullType: string, name: keyof typeof NODE_TYPES): boolean {
	return fullType.split('.').at(-1) === NODE_TYPES[name];
}

const carriedSchema = z.object({
	workflow: z.object({
		nodes: z.record(z.object({ type: z.string(), disabled: z.boolean().optional().catch(false) })),
	}),
	runExecutionData: z
		.object({ resultData: z.object({ runData: z.record(z.unknown()) }) })
		.nullable()
		.catch(null),
});

/** The name that n8n gives the first Kling Trigger of a workflow. */
const DEFAULT_NAME = 'Kling Trigger';

/**
 * The names of the Kling Triggers in the executed workflow that are not switched off.
 *
 * n8n offers nodes no list of their workflow's nodes, other than what is connected to them, and a
 * trigger seldom is. So this looks at the workflow that each n8n context carries, and asks for the
 * default name where a future n8n should not.
 */
function triggersOf(context: IExecuteFunctions): string[] {
	const carried = carriedSchema.safeParse(context);
	if (!carried.success) return evaluate(context, 'params') ? [DEFAULT_NAME] : [];
	return Object.entries(carried.data.workflow.nodes)
		.filter(([, node]) => isNodeType(node.type, 'klingTrigger') && node.disabled !== true)
		.map(([name]) => name);
}

function evaluate(context: IExecuteFunctions, property: 'params' | 'isExecuted'): boolean {
	try {
		return Boolean(context.evaluateExpression(`{{ $('${DEFAULT_NAME}').${property} }}`, 0));
	} catch {
		return false;
	}
}

/** Whether the executed workflow has a Kling Trigger that is not switched off. */
export function hasTrigger(context: IExecuteFunctions): boolean {
	return triggersOf(context).length > 0;
}

/** Whether a Kling Trigger of the executed workflow has started this execution. */
export function isStartedByTrigger(context: IExecuteFunctions): boolean {
	const carried = carriedSchema.safeParse(context);
	if (!carried.success) return evaluate(context, 'isExecuted');
	const runData = carried.data.runExecutionData?.resultData.runData ?? {};
	return triggersOf(context).some((name) => name in runData);
}

/**
 * A text as a string literal for an n8n expression: two braces in a row would end the expression,
 * even inside of a literal.
 */
export function quoteInExpression(text: string): string {
	return JSON.stringify(text).replace(/[{}]/g, (brace) => (brace === '{' ? '\\u007b' : '\\u007d'));
}
