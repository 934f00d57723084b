import { z } from 'zod';

/** Whether a full node type, such as `n8n-nodes-….kling`, is this one of this package's. */
export function isNodeType(fullType: string, name: 'kling' | 'klingTrigger'): boolean {
	return fullType.split('.').at(-1) === name;
}

/** n8n offers nodes only what is connected to them. But each context carries the workflow (n8n 2.0 to 2.41). */
const carriedSchema = z.object({
	workflow: z.object({
		nodes: z.record(z.object({ type: z.string(), disabled: z.boolean().optional().catch(false) })),
	}),
	runExecutionData: z
		.object({ resultData: z.object({ runData: z.record(z.unknown()) }) })
		.nullable()
		.catch(null),
});

/** The names of the nodes of this execution that have run before the one at hand. */
function namesRun(context: object): string[] {
	const { runExecutionData } = carriedSchema.safeParse(context).data ?? {};
	return Object.keys(runExecutionData?.resultData.runData ?? {});
}

/** Whether any has: at least the one that started it. */
export function hasBegun(context: object): boolean {
	return namesRun(context).length > 0;
}

/** The names of the Kling Triggers in the executed workflow that are not switched off. */
function triggersOf(context: object): string[] {
	return Object.entries(carriedSchema.safeParse(context).data?.workflow.nodes ?? {})
		.filter(([, node]) => isNodeType(node.type, 'klingTrigger') && node.disabled !== true)
		.map(([name]) => name);
}

/** Whether the executed workflow has a Kling Trigger that is not switched off. */
export function hasTrigger(context: object): boolean {
	return triggersOf(context).length > 0;
}

/** Whether a Kling Trigger of the executed workflow has started this execution. */
export function isStartedByTrigger(context: object): boolean {
	return triggersOf(context).some((name) => namesRun(context).includes(name));
}
