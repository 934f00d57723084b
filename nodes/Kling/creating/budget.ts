import type { ApiClient } from '../api/client';
import { Failure, Refusal } from '../api/failure';
import { formatCredits } from '../api/pricing';
import { maxCreditsOption, NO_LIMIT, type SpendingSettings } from '../parameters/spending';

/** One video that a run is about to pay for. */
export interface Purchase {
	itemIndex: number;
	/** Speaks with the account that pays. */
	client: ApiClient;
	/** The estimated price. */
	credits: number;
}

/** What the checks before the first create gave. */
export interface BudgetCheck {
	/** Why items must not be created, by item index. */
	refusals: Map<number, Failure>;
	/** The credits of each account whose balance was read. */
	balances: Map<ApiClient, number>;
}

/**
 * Which items must not be created, before anything is spent: all, when the run would spend more than
 * Max Credits; those of one account, when its balance is too low for them or cannot be read.
 *
 * @param spentCredits what earlier tries of the run have spent, which the limit covers too
 * @throws {CancelledError} when the execution was cancelled
 */
export async function checkBudget(
	purchases: readonly Purchase[],
	{ maxCredits, checkBalance }: SpendingSettings,
	spentCredits: number,
): Promise<BudgetCheck> {
	const refusals = new Map<number, Failure>();
	const balances = new Map<ApiClient, number>();
	const refuse = (refused: readonly Purchase[], failure: Failure) => {
		for (const { itemIndex } of refused) refusals.set(itemIndex, failure);
	};
	if (maxCredits !== NO_LIMIT && spentCredits + sumOf(purchases) > maxCredits) {
		refuse(purchases, overLimit(purchases, maxCredits, spentCredits));
		return { refusals, balances };
	}
	for (const client of new Set(checkBalance ? purchases.map((one) => one.client) : [])) {
		const bought = purchases.filter((one) => one.client === client);
		const credits = await client.getCredits();
		if (credits instanceof Failure) {
			refuse(bought, credits);
			continue;
		}
		const { balance } = credits;
		balances.set(client, balance);
		if (sumOf(bought) > balance) refuse(bought, tooPoor(bought, balance));
	}
	return { refusals, balances };
}

function overLimit(purchases: readonly Purchase[], maxCredits: number, spent: number): Refusal {
	const ofThese = spent === 0 ? '' : `, of which this run has spent ${spent}`;
	return new Refusal(
		`'${maxCreditsOption.displayName}' is ${maxCredits}${ofThese}, but ${costOf(purchases)}`,
		'Raise Max Credits under Options, or send fewer items.',
	);
}

function tooPoor(bought: readonly Purchase[], balance: number): Refusal {
	const has = balance === 1 ? '1 credit' : `${balance} credits`;
	return new Refusal(
		`The account has ${has}, but ${costOf(bought)}`,
		'Top up under Dashboard > Billing, or send fewer items.',
	);
}

function sumOf(purchases: readonly Purchase[]): number {
	return purchases.reduce((sum, { credits }) => sum + credits, 0);
}

function costOf(purchases: readonly Purchase[]): string {
	const count = purchases.length;
	const videos = count === 1 ? '1 video costs' : `${count} videos cost`;
	return `${videos} an estimated ${formatCredits(sumOf(purchases))}`;
}
