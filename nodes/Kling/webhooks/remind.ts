import type { IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { pauseMs } from '../api/retry';
import { runWhenDue } from '../n8n/dueWork';
import { ownUrlOf } from '../n8n/ownAddress';
import { type Host, OwnCall } from '../waiting/ownCall';

/**
 * Of several processes that take calls for one Kling Trigger at the same moment, the one that writes
 * last writes over what the others have noted of their deliveries (n8n: static data are stored whole).
 * So each calls itself a little later, and notes what is missing by then, until nothing is.
 */

/** About when, in milliseconds: long before the first look of the process that created a task. */
const AFTER = { firstMs: 5_000, factor: 1, longestMs: 6_000 };

const INSIST_MS = 600_000;

const reminderSchema = z.object({ from: z.literal('n8n'), reminds: z.literal(true) });

/** Whether a call only reminds of what was delivered. Anyone may send it: it names no task. */
export function isReminder(body: unknown): boolean {
	return reminderSchema.safeParse(body).success;
}

const pending = new Map<string, Reminder>();

class Reminder extends OwnCall {
	/** Whether something was delivered since its last call went out. */
	isStale = false;

	constructor(
		private readonly address: string,
		protected readonly host: Host,
	) {
		const now = Date.now();
		super(address, '', now + pauseMs(AFTER, 1), now + INSIST_MS, address);
	}

	override async run(): Promise<number | null> {
		this.isStale = false;
		const next = await super.run();
		return this.isStale ? Date.now() + pauseMs(AFTER, 1) : next;
	}

	protected override get body(): string {
		return JSON.stringify({ from: 'n8n', reminds: true });
	}

	protected get unheard(): string {
		return 'What a Kling Trigger has started its workflow for may be forgotten, since n8n cannot reach itself at its own address';
	}

	ended(): void {
		pending.delete(this.address);
	}
}

/** Calls this very trigger in a moment, so that it notes once more what it has delivered. */
export function remindLater(context: IWebhookFunctions): void {
	const url = ownUrlOf(context)?.replace(/\?.*$/s, '');
	if (url === undefined) return;
	const known = pending.get(url);
	if (known !== undefined) {
		known.isStale = true;
		return;
	}
	const { helpers, logger } = context;
	const reminder = new Reminder(url, { httpRequest: helpers.httpRequest, logger });
	pending.set(url, reminder);
	runWhenDue(reminder);
}
