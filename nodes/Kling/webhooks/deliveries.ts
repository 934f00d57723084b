import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/**
 * Which tasks a Kling Trigger has delivered already.
 *
 * The workflow's static data remembers them over restarts, and this process remembers the ones that
 * arrive at the same moment, before the static data is written. With several webhook processes it
 * is a best effort (n8n: static data is written whole, the last writer wins).
 */

const STATIC_DATA_KEY = 'klingDelivered';

/** How many are remembered: an API that repeats a callback does it soon. */
const REMEMBERED = 500;

const deliveredSchema = z.array(z.string()).catch([]);

const deliveredHere = new Set<string>();

export interface Deliveries {
	has(taskId: string): boolean;
	add(taskId: string): void;
}

/** The deliveries of the trigger's workflow. */
export function openDeliveries(context: IWebhookFunctions): Deliveries {
	const store: IDataObject = context.getWorkflowStaticData('node');
	const keyHere = (taskId: string) =>
		`${context.getWorkflow().id}/${context.getNode().id}/${taskId}`;
	const stored = () => deliveredSchema.parse(store[STATIC_DATA_KEY]);
	return {
		has: (taskId) => deliveredHere.has(keyHere(taskId)) || stored().includes(taskId),
		add: (taskId) => {
			deliveredHere.add(keyHere(taskId));
			forgetOldest(deliveredHere);
			// n8n notices a new array, not one that was pushed into.
			store[STATIC_DATA_KEY] = [...stored(), taskId].slice(-REMEMBERED);
		},
	};
}

function forgetOldest(taskIds: Set<string>): void {
	for (const oldest of taskIds) {
		if (taskIds.size <= REMEMBERED * 10) return;
		taskIds.delete(oldest);
	}
}
