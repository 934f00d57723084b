import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/**
 * Which tasks a Kling Trigger has delivered already: the workflow's static data remembers them. Each
 * call writes a copy of its own, the last one whole (n8n), so what this process knows is merged into
 * each. With several webhook processes it is a best effort.
 */

const STATIC_DATA_KEY = 'klingDelivered';

/** How many are remembered: an API repeats a callback soon, and a look may come hours after one. */
const REMEMBERED = 5_000;

/** The first letters of an id tell it from 5,000 others, and n8n stores them with each delivery. */
const LETTERS = 12;

const deliveredSchema = z.array(z.string()).catch([]);

/** By workflow and node, the oldest first. */
const deliveredHere = new Map<string, Set<string>>();

interface Deliveries {
	has(taskId: string): boolean;
	add(taskId: string): void;
}

/** The deliveries of the trigger's workflow. */
export function openDeliveries(context: IWebhookFunctions): Deliveries {
	const store: IDataObject = context.getWorkflowStaticData('node');
	const key = `${context.getWorkflow().id}/${context.getNode().id}`;
	const here = deliveredHere.get(key) ?? new Set<string>();
	deliveredHere.set(key, here);
	for (const short of deliveredSchema.parse(store[STATIC_DATA_KEY])) here.add(short);
	return {
		has: (taskId) => here.has(taskId.slice(0, LETTERS)),
		add: (taskId) => {
			here.add(taskId.slice(0, LETTERS));
			for (const oldest of here) {
				if (here.size <= REMEMBERED) break;
				here.delete(oldest);
			}
			// n8n notices a new array, not one that was pushed into.
			store[STATIC_DATA_KEY] = [...here];
		},
	};
}
