import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { InvalidParameter } from '../task/request';

/** How a run waits: suspended until the API calls back, or in this process. */
export type WaitStrategy = 'auto' | 'callback' | 'poll';

const strategySchema = z.enum(['auto', 'callback', 'poll']);

/**
 * Whether the node runs as a tool of an AI Agent, which waits for the answer in the same process:
 * nothing could resume it after a suspension.
 */
export function isTool(context: IExecuteFunctions): boolean {
	if (context.getNode().type.endsWith('Tool')) return true;
	// n8n 2.0 does not have this function yet.
	return 'isToolExecution' in context && context.isToolExecution();
}

/**
 * The strategy the user chose, from the first item: one run is one wait.
 *
 * @throws {InvalidParameter} when it is none of the three
 */
export function readStrategy(context: IExecuteFunctions): WaitStrategy {
	if (isTool(context)) return 'poll';
	const chosen: unknown = context.getNodeParameter('waitStrategy', 0, 'auto');
	const strategy = strategySchema.safeParse(chosen);
	if (strategy.success) return strategy.data;
	throw new InvalidParameter(
		'Wait Strategy',
		`“${String(chosen)}” is not one of them`,
		'Use auto, callback or poll.',
	);
}
