import type { ApiClient } from '../api/client';
import { Failure, Refusal, type Settled } from '../api/failure';
import { formatCredits } from '../api/pricing';
import type { Credits } from '../api/schemas';
import type { RequestSummary } from '../api/task';
import { maxCreditsOption, NO_LIMIT } from '../parameters/spending';
import { isToBuy, type Prepared, spendingOf, type ToBuy } from './prepare';

/**
 * Refuses items before anything is spent: all that are to be paid for, when the run would spend more
 * than Max Credits; those of one account, when its balance is too low for them or cannot be read.
 *
 * @param spentCredits what earlier tries of the run have spent, which the limit covers too
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
	const accounts = new Map<ApiClient, Settled<Credits>>();
	for (const client of new Set(toBuy.map((one) => one.client))) {
		const credits = await client.getCredits();
		const ofAccount = toBuy.filter((one) => one.client === client);
		const suffices = credits instanceof Failure || sumOf(ofAccount) <= credits.balance;
		accounts.set(client, suffices ? credits : tooFew(credits, ofAccount));
	}
	return prepared.map((item) => {
		const credits = isToBuy(item) ? accounts.get(item.client) : undefined;
		if (item instanceof Failure || credits === undefined) return item;
		return credits instanceof Failure ? credits : { ...item, balance: credits.balance };
	});
}

function tooFew({ balance }: Credits, toBuy: readonly ToBuy[]): Refusal {
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
