import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

/**
 * What an execution says of itself to whoever looks at it from outside: n8n stores its custom data
 * with an execution that sleeps, too, and shows and filters by them where the licence allows it.
 */

const KEY = 'klingTasks';

/** n8n complains of more than 255 characters. */
const IDS_SHOWN = 6;

type Setter = (key: string, value: string) => void;
type Getter = (key: string) => unknown;

// Contexts have it as a property only in newer versions than n8n 2.0.
const proxySchema = z.object({
	$execution: z.object({
		customData: z.object({
			set: z.custom<Setter>((value) => typeof value === 'function'),
			get: z.custom<Getter>((value) => typeof value === 'function'),
		}),
	}),
});

/** Adds tasks to those that the execution names as its own, under `klingTasks`. */
export function recordTasks(context: IExecuteFunctions, taskIds: readonly string[]): void {
	const proxy = proxySchema.safeParse(context.getWorkflowDataProxy(0));
	if (!proxy.success || taskIds.length === 0) return;
	const { get, set } = proxy.data.$execution.customData;
	const before = z.string().catch('').parse(get(KEY));
	const ids = new Set([...before.split(SEPARATOR).filter((part) => part !== ''), ...taskIds]);
	ids.delete(MORE);
	const shown = [...ids].slice(0, IDS_SHOWN);
	set(KEY, [...shown, ...(ids.size > IDS_SHOWN ? [MORE] : [])].join(SEPARATOR));
}

const SEPARATOR = ', ';
const MORE = '…';
