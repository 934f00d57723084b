import type { ApiClient } from '../api/client';
import { Failure, Refusal, type Settled } from '../api/failure';
import { formatCredits } from '../api/pricing';
import type { RequestSummary } from '../api/task';
import { maxCreditsOption, NO_LIMIT } from '../parameters/spending';
import { isToBuy, type Prepared, spendingOf, type ToBuy } from './prepare';

/**
 * Refuses items before anything is spent: all that are to be paid for, when the run would spend more
 * than Max Credits; those of one account, when its balance is too low for them or cannot be read.
 *
 * @param spentCredits what earlier tries of the run have spent, which the limit covers too
 * @throws {CancelledError} when the execution was cancelled
 */
export async function checkBudget(
	prepared: ReadonlyArray<Settled<Prepared>>,
	spentCredits: number,
): Promise<Array<Settled<Prepared>>> {
	const { maxCredits, checkBalance } = spendingOf(prepared);
	const toBuy = prepared.filter(isToBuy);
	if (maxCredits !== NO_LIMIT && spentCredits + sumOf(toBuy) > maxCredits) {
		const spent = spentCredits === 0 ? '' : `, of which this run has spent ${spentCredits}`;
		const refusal = new Refusal(
			`'${maxCreditsOption.displayName}' is ${maxCredits}${spent}, but ${costOf(toBuy)}`,
			'Raise Max Credits under Options, or send fewer items.',
		);
		return prepared.map((item) => (isToBuy(item) ? refusal : item));
	}
	if (!checkBalance) return [...prepared];
	const balances = new Map<ApiClient, Settled<number>>();
	for (const client of new Set(toBuy.map((one) => one.client))) {
		const ofAccount = toBuy.filter((one) => one.client === client);
		balances.set(client, await checkBalanceOf(client, ofAccount));
	}
	return prepared.map((item) => {
		if (!isToBuy(item)) return item;
		const balance = balances.get(item.client);
		return balance instanceof Failure ? balance : { ...item, balance };
	});
}

/** The account's credits, where they suffice. */
async function checkBalanceOf(
	client: ApiClient,
	toBuy: readonly ToBuy[],
): Promise<Settled<number>> {
	const credits = await client.getCredits();
	if (credits instanceof Failure) return credits;
	const { balance } = credits;
	if (sumOf(toBuy) <= balance) return balance;
	return new Refusal(
		`The account has ${balance === 1 ? '1 credit' : `${balance} credits`}, but ${costOf(toBuy)}`,
		'Top up under Dashboard > Billing, or send fewer items.',
	);
}

export function creditsOf(requests: readonly RequestSummary[]): number {
	return requests.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
}

function sumOf(toBuy: readonly ToBuy[]): number {
	return creditsOf(toBuy.map(({ request }) => request.summary));
}

function costOf(toBuy: readonly ToBuy[]): string {
	const videos = toBuy.length === 1 ? '1 video costs' : `${toBuy.length} videos cost`;
	return `${videos} an estimated ${formatCredits(sumOf(toBuy))}`;
}
