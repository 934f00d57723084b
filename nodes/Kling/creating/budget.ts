import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { formatCredits } from '../api/pricing';
import { NO_LIMIT, type SpendingSettings } from '../parameters/spending';

/** What a run is about to spend. */
export interface Estimate {
	credits: number;
	/** How many tasks that is for. */
	count: number;
}

/**
 * Refuses a run that would spend too much, before anything is spent.
 *
 * @throws NodeOperationError when the estimate is above Max Credits, or above the balance while
 *   Check Balance is on
 */
export async function checkBudget(
	context: IExecuteFunctions,
	client: ApiClient,
	{ credits, count }: Estimate,
	{ maxCredits, checkBalance }: SpendingSettings,
): Promise<void> {
	const cost = `${count} ${count === 1 ? 'item needs' : 'items need'} an estimated ${formatCredits(credits)}`;
	if (maxCredits !== NO_LIMIT && credits > maxCredits) {
		throw new NodeOperationError(
			context.getNode(),
			`Max Credits: ${cost}, and the limit for one run is ${maxCredits}`,
			{ description: 'Nothing was spent. Raise Max Credits under Options, or send fewer items.' },
		);
	}
	if (!checkBalance || count === 0) return;
	const { balance } = await client.getCredits();
	if (credits > balance) {
		throw new NodeOperationError(
			context.getNode(),
			`Check Balance: ${cost}, and the account has ${balance} credits`,
			{ description: 'Nothing was spent. Top up under Dashboard > Billing, or send fewer items.' },
		);
	}
}
