import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { formatCredits } from '../api/pricing';
import { InvalidParameterError } from '../parameters/read';
import { maxCreditsOption, NO_LIMIT, type SpendingSettings } from '../parameters/spending';
import type { ItemError } from '../result/item';
import { toItemError } from '../result/item';

/** One video that a run is about to pay for. */
export interface Purchase {
	itemIndex: number;
	/** Speaks with the credential of the account that pays. */
	client: ApiClient;
	/** The estimated price. */
	credits: number;
}

/**
 * Which items must not be created, before anything is spent: all, when the run would spend more than
 * Max Credits; those of one account, when its balance is too low for them or cannot be read.
 *
 * @param spentCredits what earlier tries of the run have spent, which the limit covers too
 * @returns the refusals by item index
 * @throws {CancelledError} when the execution was cancelled
 */
export async function findUnaffordable(
	context: IExecuteFunctions,
	purchases: readonly Purchase[],
	{ maxCredits, checkBalance }: SpendingSettings,
	spentCredits: number,
): Promise<Map<number, ItemError>> {
	const refusals = new Map<number, ItemError>();
	const refuse = (refused: readonly Purchase[], toError: (itemIndex: number) => ItemError) => {
		for (const { itemIndex } of refused) refusals.set(itemIndex, toError(itemIndex));
	};

	if (maxCredits !== NO_LIMIT && spentCredits + sumOf(purchases) > maxCredits) {
		const spent = spentCredits === 0 ? '' : `, of which this run has spent ${spentCredits}`;
		const refusal = new InvalidParameterError(
			maxCreditsOption.displayName,
			`is ${maxCredits}${spent}, but ${costOf(purchases)}`,
			'Raise Max Credits under Options, or send fewer items.',
		);
		refuse(purchases, (itemIndex) => toItemError(context, refusal, itemIndex));
		return refusals;
	}
	if (!checkBalance) return refusals;
	for (const [client, bought] of byClient(purchases)) {
		try {
			const { balance } = await client.getCredits();
			if (sumOf(bought) <= balance) continue;
			const message = `The account has ${formatBalance(balance)}, but ${costOf(bought)}`;
			const description = 'Top up under Dashboard > Billing, or send fewer items.';
			refuse(
				bought,
				(itemIndex) =>
					new NodeOperationError(context.getNode(), message, { description, itemIndex }),
			);
		} catch (thrown) {
			refuse(bought, (itemIndex) => toItemError(context, thrown, itemIndex));
		}
	}
	return refusals;
}

function sumOf(purchases: readonly Purchase[]): number {
	return purchases.reduce((sum, { credits }) => sum + credits, 0);
}

function costOf(purchases: readonly Purchase[]): string {
	const count = purchases.length;
	const videos = count === 1 ? '1 video costs' : `${count} videos cost`;
	return `${videos} an estimated ${formatCredits(sumOf(purchases))}`;
}

function formatBalance(balance: number): string {
	return balance === 1 ? '1 credit' : `${balance} credits`;
}

function byClient(purchases: readonly Purchase[]): Map<ApiClient, Purchase[]> {
	const groups = new Map<ApiClient, Purchase[]>();
	for (const purchase of purchases) {
		groups.set(purchase.client, [...(groups.get(purchase.client) ?? []), purchase]);
	}
	return groups;
}
