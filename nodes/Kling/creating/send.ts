import { ApiFailure, failureAsValue } from '../api/failure';
import { mapConcurrently } from '../n8n/async';
import type { Journal } from './journal';
import type { Preparation, Prepared, PreparedRequest } from './prepare';

/** Answers that every further request of the run would get as well. */
const CODES_THAT_STOP_THE_RUN = new Set([
	'invalid_api_key',
	'ip_not_allowed',
	'spend_limit_exceeded',
]);

/** The API failure of a request that an earlier try has sent without learning its outcome. */
const STILL_UNCLEAR = new ApiFailure({
	call: 'create',
	kind: 'network',
	outcome: 'unclear',
	status: null,
	code: null,
	text: '',
	retryAfterMs: null,
});

export interface CreatedTask extends PreparedRequest {
	taskId: string;
}

/** What became of one request; undefined where it was not sent, because the run stopped before. */
export type Sent = CreatedTask | ApiFailure | undefined;

export interface SendOptions {
	journal: Journal;
	/** How many requests may be under way at once. */
	concurrency: number;
	/** Whether a failed item stops further requests. */
	stopsAtFailure: boolean;
}

/**
 * Sends one request for each prepared item that has no task yet, and keeps the journal. Items that
 * were refused while preparing come out as undefined.
 */
export async function sendAll(
	prepared: readonly Preparation[],
	{ journal, concurrency, stopsAtFailure }: SendOptions,
): Promise<Sent[]> {
	let stopped = false;
	const sendOne = async (item: Preparation, itemIndex: number): Promise<Sent> => {
		if (!item.ok) return undefined;
		const sent = await sendPrepared(journal, item, itemIndex);
		if (sent instanceof ApiFailure) {
			stopped ||= stopsAtFailure || CODES_THAT_STOP_THE_RUN.has(sent.detail.code ?? '');
		}
		return sent;
	};
	return await mapConcurrently(prepared, concurrency, sendOne, () => !stopped);
}

async function sendPrepared(
	journal: Journal,
	{ request, client, taskId: existing }: Prepared,
	itemIndex: number,
): Promise<CreatedTask | ApiFailure> {
	if (existing !== null) return { ...request, taskId: existing };
	if (journal.isUnclear(itemIndex, request)) return STILL_UNCLEAR;

	journal.recordSending(itemIndex, request);
	const taskId = await failureAsValue(client.create(request.input, request.callbackUrl));
	if (taskId instanceof ApiFailure) {
		if (taskId.detail.outcome !== 'unclear') journal.recordRefused(itemIndex);
		return taskId;
	}
	journal.recordCreated(itemIndex, taskId);
	return { ...request, taskId };
}
