import { ApiFailure } from '../api/failure';
import { CancelledError, mapConcurrently } from '../n8n/async';
import type { Journal, JournalTask } from './journal';
import type { Preparation, ToCreate } from './prepare';

/** Answers that every further request to the same account would get as well. */
const CODES_THAT_STOP_AN_ACCOUNT = new Set([
	'invalid_api_key',
	'ip_not_allowed',
	'spend_limit_exceeded',
]);

/** What became of one item; undefined where it was refused before. */
export type Sent = JournalTask | ApiFailure | undefined;

export interface SendOptions {
	journal: Journal;
	/** How many requests may be under way at once. */
	concurrency: number;
	/** Whether a failed item stops further requests. */
	stopsAtFailure: boolean;
	/** Fires when the execution is cancelled: no further request then. */
	signal?: AbortSignal;
}

/**
 * Creates a task for each prepared item that has none yet, through the journal. What is under way
 * when the run stops, for whichever reason, is let to its end: it may have been paid for.
 *
 * @returns what became of each item; one that was not sent any more shares the failure that stopped
 *   the run or its account
 * @throws {CancelledError} when the execution was cancelled, after the last request has ended
 */
export async function sendAll(
	prepared: readonly Preparation[],
	{ journal, concurrency, stopsAtFailure, signal }: SendOptions,
): Promise<Sent[]> {
	let stoppedBy: ApiFailure | undefined;
	const stoppedAccounts = new Map<ToCreate['client'], ApiFailure>();
	const thrown: unknown[] = [];

	const sendOne = async (item: ToCreate, itemIndex: number): Promise<Sent> => {
		const { client, request } = item;
		const stopped = stoppedBy ?? stoppedAccounts.get(client);
		if (stopped !== undefined) return stopped;
		const sent = await journal.create(
			itemIndex,
			request,
			async () => await client.create(request.input, request.callbackUrl ?? undefined),
		);
		if (!(sent instanceof ApiFailure)) return toTask(sent, item);
		if (stopsAtFailure) stoppedBy ??= sent;
		if (CODES_THAT_STOP_AN_ACCOUNT.has(sent.detail.code ?? '')) stoppedAccounts.set(client, sent);
		return sent;
	};

	const mayStart = () => thrown.length === 0 && signal?.aborted !== true;
	const outcomes = await mapConcurrently(
		prepared,
		concurrency,
		async (item, itemIndex): Promise<Sent> => {
			if (!item.ok) return undefined;
			if (item.created !== null) return item.created;
			return await sendOne(item, itemIndex).catch((fault: unknown) => {
				thrown.push(fault);
				return undefined;
			});
		},
		mayStart,
	);
	if (signal?.aborted === true) throw new CancelledError();
	if (thrown.length > 0) throw thrown[0];
	return outcomes;
}

function toTask(taskId: string, { request }: ToCreate): JournalTask {
	const { callback, callbackUrl, estimatedCredits, input } = request;
	const { duration, sound } = input;
	return { taskId, callback, callbackUrl, estimatedCredits, duration, sound };
}
