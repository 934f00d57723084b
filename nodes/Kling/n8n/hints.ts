import type { IExecuteFunctions } from 'n8n-workflow';

import { isTool, type ToolContext } from './execution';

/** A note above the node's output; a text alone is for information. */
export type Hint = string | { message: string; type: 'warning' | 'advice' };

/** Shows notes above the node's output after it ran. */
export function showHints(
	context: ToolContext & Pick<IExecuteFunctions, 'addExecutionHints'>,
	hints: readonly Hint[],
): void {
	for (const hint of hints) {
		const { message, type = null } = typeof hint === 'string' ? { message: hint } : hint;
		if (type === 'advice' && isTool(context)) continue;
		const location = 'outputPane';
		context.addExecutionHints({ message, location, ...(type === 'warning' ? { type } : {}) });
	}
}

export const warning = (message: string): Hint => ({ message, type: 'warning' });

/** A suggestion about the workflow around the node; not shown where the node is an AI tool. */
export const advice = (message: string): Hint => ({ message, type: 'advice' });
