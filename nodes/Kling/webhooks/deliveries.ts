import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/**
 * Which tasks a Kling Trigger has delivered already: the workflow's static data remembers them. Each
 * call writes a copy of its own, the last one whole (n8n), so what this process knows is merged into
 * each. With several webhook processes it is a best effort (`remind.ts`).
 */

const STATIC_DATA_KEY = 'klingDelivered';

/** How many are remembered: an API repeats a callback soon, and a look may come hours after one. */
const REMEMBERED = 5_000;

/** The first letters of an id tell it from 5,000 others, and n8n stores them with each delivery. */
const LETTERS = 12;

const deliveredSchema = z.array(z.string()).catch([]);

/** By workflow and node, the oldest first. */
const deliveredHere = new Map<string, Set<string>>();

export function openDeliveries(context: IWebhookFunctions) {
	const store: IDataObject = context.getWorkflowStaticData('node');
	const key = `${context.getWorkflow().id}/${context.getNode().id}`;
	const here = deliveredHere.get(key) ?? new Set<string>();
	deliveredHere.set(key, here);
	const noted = new Set(deliveredSchema.parse(store[STATIC_DATA_KEY]));
	for (const short of noted) here.add(short);
	const note = () => {
		for (const oldest of here) {
			if (here.size <= REMEMBERED) break;
			here.delete(oldest);
		}
		// n8n notices a new array, not one that was pushed into.
		store[STATIC_DATA_KEY] = [...here];
	};
	return {
		has: (taskId: string) => here.has(taskId.slice(0, LETTERS)),
		add: (taskId: string) => {
			here.add(taskId.slice(0, LETTERS));
			note();
		},
		/** Notes what this process has delivered, and says whether some of it was missing. */
		complete: () => {
			const isMissing = [...here].some((short) => !noted.has(short));
			if (isMissing) note();
			return isMissing;
		},
	};
}
