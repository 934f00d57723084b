import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

/** The node types of this package. n8n puts the package's name in front of them. */
export const NODE_TYPES = { kling: 'kling', klingTrigger: 'klingTrigger' } as const;

/** Whether a full node type, such as `n8n-nodes-….kling`, is one of this package's. */
export function isNodeType(fullType: string, name: keyof typeof NODE_TYPES): boolean {
	return fullType.split('.').at(-1) === NODE_TYPES[name];
}

const nodesSchema = z.object({
	workflow: z.object({
		nodes: z.record(z.object({ type: z.string(), disabled: z.boolean().optional().catch(false) })),
	}),
});

/**
 * Whether the executed workflow has a Kling Trigger that is not switched off.
 *
 * n8n offers nodes no list of their workflow's nodes, other than what is connected to them, and a
 * trigger seldom is. So this looks at the workflow that each n8n context carries, and asks for the
 * default name where a future n8n should not.
 */
export function hasTrigger(context: IExecuteFunctions): boolean {
	const carried = nodesSchema.safeParse(context);
	if (carried.success) {
		return Object.values(carried.data.workflow.nodes).some(
			(node) => isNodeType(node.type, 'klingTrigger') && node.disabled !== true,
		);
	}
	try {
		return Boolean(context.evaluateExpression("{{ $('Kling Trigger').params }}", 0));
	} catch {
		return false;
	}
}

/**
 * A text as a string literal for an n8n expression: two braces in a row would end the expression,
 * even inside of a literal.
 */
export function quoteInExpression(text: string): string {
	return JSON.stringify(text).replace(/[{}]/g, (brace) => (brace === '{' ? '\\u007b' : '\\u007d'));
}
