import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { ApiFailure, Failure, type Settled, Thrown, Unreached } from '../api/failure';
import { mapConcurrently } from '../n8n/async';
import { keepsFailedItems } from '../n8n/execution';
import type { Journal } from './journal';
import { type Created, isToBuy, type Items, spendingOf, type ToBuy } from './prepare';

/** Answers that every further request to the same account would get as well. */
const CODES_THAT_STOP_AN_ACCOUNT = new Set([
	'invalid_api_key',
	'ip_not_allowed',
	'spend_limit_exceeded',
]);

/**
 * Creates a task for each item that has none yet. What is under way when the run stops, for whichever
 * reason, is let to its end: it may have been paid for.
 */
export async function createTasks(
	context: IExecuteFunctions,
	journal: Journal,
	items: Items,
): Promise<Array<Settled<Created>>> {
	const signal = context.getExecutionCancelSignal();
	let isStopped = false;
	const stoppedAccounts = new Map<ApiClient, ApiFailure>();
	const count = items.filter(isToBuy).length;
	const videos = count === 1 ? 'video' : 'videos';
	if (count > 0) journal.log('info', `Creating ${count} Kling ${videos}`);

	const send = async (item: ToBuy, itemIndex: number): Promise<Settled<Created>> => {
		if (isStopped || signal?.aborted === true) return new Unreached();
		const { client, request } = item;
		const stopped = stoppedAccounts.get(client);
		if (stopped !== undefined) return stopped;
		const task = await journal.create(itemIndex, request, client);
		if (!(task instanceof ApiFailure)) return { ...item, task };
		// Before the balance is read, which takes its time: nothing further is sent meanwhile.
		isStopped ||= !keepsFailedItems(context);
		const failure = await namingShortage(task, item);
		const stopsAccount = CODES_THAT_STOP_AN_ACCOUNT.has(failure.detail.code ?? '');
		if (stopsAccount) stoppedAccounts.set(client, failure);
		return failure;
	};

	const { concurrency } = spendingOf(items);
	return await mapConcurrently(items, concurrency, async (item, itemIndex) => {
		if (!isToBuy(item)) return item;
		return await send(item, itemIndex).catch((thrown: unknown) => {
			isStopped = true;
			return new Thrown(thrown);
		});
	});
}

/** Says what is missing, by one free reading, where the account has too few credits. */
async function namingShortage(failure: ApiFailure, item: ToBuy): Promise<ApiFailure> {
	if (failure.detail.code !== 'insufficient_credits') return failure;
	const credits = await item.client.getCredits();
	const needed = item.request.summary.estimatedCredits;
	if (credits instanceof Failure || credits.balance >= needed) return failure;
	return new ApiFailure({ ...failure.detail, shortage: { balance: credits.balance, needed } });
}
