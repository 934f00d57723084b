import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { readOptions } from '../operations/parameters';
import { formatCredits } from '../task/pricing';
import { parseNumber } from '../task/request';

/** What a run is about to spend. */
export interface Estimate {
	credits: number;
	/** How many tasks that is for. */
	count: number;
}

/** No limit, for Max Credits. */
export const NO_LIMIT = 0;

/**
 * Refuses a run that would spend too much, before anything is spent.
 *
 * @throws NodeOperationError when the estimate is above Max Credits, or above the balance while
 *   Check Balance is on
 * @throws {InvalidParameter} when Max Credits is no number
 */
export async function checkBudget(
	context: IExecuteFunctions,
	client: ApiClient,
	{ credits, count }: Estimate,
): Promise<void> {
	const { maxCredits, checkBalance } = readOptions(context, 0);
	const limit = parseNumber('Max Credits', maxCredits ?? NO_LIMIT, {
		min: NO_LIMIT,
		max: Number.MAX_SAFE_INTEGER,
	});
	const cost = `${count} ${count === 1 ? 'item needs' : 'items need'} an estimated ${formatCredits(credits)}`;
	if (limit !== NO_LIMIT && credits > limit) {
		throw new NodeOperationError(
			context.getNode(),
			`Max Credits: ${cost}, and the limit for one run is ${limit}`,
			{ description: 'Nothing was spent. Raise Max Credits under Options, or send fewer items.' },
		);
	}
	if (checkBalance !== true || count === 0) return;
	const { balance } = await client.getCredits();
	if (credits > balance) {
		throw new NodeOperationError(
			context.getNode(),
			`Check Balance: ${cost}, and the account has ${balance} credits`,
			{ description: 'Nothing was spent. Top up under Dashboard > Billing, or send fewer items.' },
		);
	}
}
