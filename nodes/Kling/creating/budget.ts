import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { formatCredits } from '../api/pricing';
import { NO_LIMIT, type SpendingSettings } from '../parameters/spending';

/** One video that a run is about to pay for. */
export interface Purchase {
	/** Speaks with the credential of the account that pays. */
	client: ApiClient;
	/** The estimated price. */
	credits: number;
}

/**
 * Refuses a run that would spend too much, before anything is spent.
 *
 * @throws NodeOperationError when the estimate is above Max Credits, or what one account would pay
 *   is above its balance while Check Balance is on
 */
export async function checkBudget(
	context: IExecuteFunctions,
	purchases: readonly Purchase[],
	{ maxCredits, checkBalance }: SpendingSettings,
): Promise<void> {
	const credits = sumOf(purchases);
	if (maxCredits !== NO_LIMIT && credits > maxCredits) {
		throw new NodeOperationError(
			context.getNode(),
			`Max Credits: ${costOf(purchases)}, and the limit for one run is ${maxCredits}`,
			{ description: 'Nothing was spent. Raise Max Credits under Options, or send fewer items.' },
		);
	}
	if (!checkBalance) return;
	for (const [client, bought] of byClient(purchases)) {
		const { balance } = await client.getCredits();
		if (sumOf(bought) <= balance) continue;
		throw new NodeOperationError(
			context.getNode(),
			`Check Balance: ${costOf(bought)}, and the account has ${balance} credits`,
			{ description: 'Nothing was spent. Top up under Dashboard > Billing, or send fewer items.' },
		);
	}
}

function sumOf(purchases: readonly Purchase[]): number {
	return purchases.reduce((sum, { credits }) => sum + credits, 0);
}

function costOf(purchases: readonly Purchase[]): string {
	const count = purchases.length;
	return `${count} ${count === 1 ? 'item needs' : 'items need'} an estimated ${formatCredits(sumOf(purchases))}`;
}

function byClient(purchases: readonly Purchase[]): Map<ApiClient, Purchase[]> {
	const groups = new Map<ApiClient, Purchase[]>();
	for (const purchase of purchases) {
		groups.set(purchase.client, [...(groups.get(purchase.client) ?? []), purchase]);
	}
	return groups;
}
