import type { ApiClient } from '../api/client';
import { Failure, Refusal, type Settled, Unreached } from '../api/failure';
import { formatCredits } from '../api/pricing';
import type { Credits } from '../api/schemas';
import type { RequestSummary } from '../api/task';
import { checkBalanceOption, maxCreditsOption } from '../parameters/spending';
import { endedBy, failureOf, type ItemOutcome } from '../result/item';
import { isRefunded } from '../result/task';
import {
	type Created,
	type Creating,
	isToBuy,
	type Items,
	prepareAll,
	spendingOf,
} from './prepare';

/** Checks a run as a whole, before anything is spent: all items, then limit and balance. */
export async function checkRun(creating: Creating): Promise<Items> {
	const { context, journal } = creating;
	const items = await prepareAll(creating);
	const ended = endedBy(context, items);
	if (ended !== null) return ended;
	const spent = creditsOf(journal?.paid().map(({ summary }) => summary) ?? []);
	const checked = await checkBudget(items, spent);
	return endedBy(context, checked) ?? checked;
}

/**
 * Refuses items before anything is spent: all that are to be paid for, when the run, with what earlier tries
 * have `spent`, would go beyond Max Credits; those of one account, when its balance is too low or unknown.
 */
async function checkBudget(items: Items, spent: number): Promise<Items> {
	const { maxCredits, checkBalance } = spendingOf(items);
	const toBuy = items.filter(isToBuy);
	const requests = summariesOf(toBuy);
	if (spent + creditsOf(requests) > maxCredits) {
		const before = spent === 0 ? '' : `, of which this run has spent ${spent}`;
		const refusal = new Refusal(
			`'${maxCreditsOption.displayName}' is ${maxCredits}${before}, but ${costOf(requests)}`,
			'Raise Max Credits under Options, or send fewer items.',
		);
		return items.map((item) => (isToBuy(item) ? refusal : item));
	}
	if (!checkBalance) return items;
	const accounts = new Map<ApiClient, Settled<Credits>>();
	for (const client of new Set(toBuy.map((one) => one.client))) {
		const ofAccount = summariesOf(toBuy.filter((one) => one.client === client));
		accounts.set(client, await readBalance(client, ofAccount));
	}
	return items.map((item) => {
		if (!isToBuy(item)) return item;
		const credits = accounts.get(item.client);
		return credits instanceof Failure ? credits : { ...item, balance: credits?.balance };
	});
}

/** What an account has, where that is enough. */
async function readBalance(
	client: ApiClient,
	requests: readonly RequestSummary[],
): Promise<Settled<Credits>> {
	const credits = await client.getCredits();
	if (credits instanceof Failure || creditsOf(requests) <= credits.balance) return credits;
	const has = credits.balance === 1 ? '1 credit' : `${credits.balance} credits`;
	return new Refusal(
		`'${checkBalanceOption.displayName}' found that the account has ${has}, but ${costOf(requests)}`,
		'Top up under Dashboard > Billing, or send fewer items.',
	);
}

/** Of what is to be paid for. */
export function summariesOf(items: Items): RequestSummary[] {
	return items.filter(isToBuy).map(({ request }) => request.summary);
}

function creditsOf(requests: readonly RequestSummary[]): number {
	return requests.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
}

function costOf(requests: readonly RequestSummary[]): string {
	const videos = requests.length === 1 ? '1 video costs' : `${requests.length} videos cost`;
	return `${videos} an estimated ${formatCredits(creditsOf(requests))}`;
}

/** Says what a run spent on all its items, as far as it is known what became of them. */
export function spendingHints(
	created: ReadonlyArray<Settled<Created>>,
	outcomes: readonly ItemOutcome[],
): string[] {
	const paid = created.flatMap((item, itemIndex) => {
		const failure = failureOf(outcomes[itemIndex] ?? new Unreached());
		const isFree = item instanceof Failure || (failure !== null && isRefunded(failure));
		return isFree ? [] : (item.task.request ?? []);
	});
	return paid.length === 0 ? [] : [`${describeCost(paid)}.`];
}

/** `2 videos for an estimated 220 credits (about US$ 1.10) in all` */
export function describeCost(requests: readonly RequestSummary[]): string {
	const videos = requests.length === 1 ? '1 video' : `${requests.length} videos`;
	return `${videos} for an estimated ${formatCredits(creditsOf(requests))} in all`;
}
