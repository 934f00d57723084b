import type { IExecuteFunctions, WorkflowExecuteMode } from 'n8n-workflow';
import { z } from 'zod';

import { isTool, type ToolContext } from './execution';

/**
 * The modes in which n8n stores an execution that sleeps and wakes it (n8n: `wait-tracker`,
 * `waiting-webhooks`). Of the others (n8n 2.0 to 2.41):
 * - `integrated`: a sub-workflow. Where that runs once for each item, n8n loses the items of those that sleep.
 * - `evaluation`: the test runner takes the execution that sleeps for the result.
 * - `cli`: `n8n execute` ends its process.
 * - `agent`: an agent that runs a workflow as its tool waits in the same process.
 * - `internal`: n8n starts nothing with it.
 */
const WAKEABLE: readonly WorkflowExecuteMode[] = [
	'manual',
	'trigger',
	'webhook',
	'retry',
	'error',
	'chat',
];

/** Whether n8n can wake this execution when it sleeps. Nothing wakes a tool: its agent waits in the same process. */
export function maySleep(context: ToolContext & Pick<IExecuteFunctions, 'getMode'>): boolean {
	return !isTool(context) && WAKEABLE.includes(context.getMode());
}

const configSchema = z.object({
	instanceSettings: z.object({
		logger: z.object({
			globalConfig: z.object({ executions: z.object({ mode: z.literal('regular') }) }),
		}),
	}),
});

/**
 * Whether this is the only process of its n8n. n8n offers its mode to nodes nowhere, so this looks where
 * each n8n context carries it (2.0 to 2.41); where it is not, there may be others.
 */
export function isAlone(context: object): boolean {
	return configSchema.safeParse(context).success;
}
