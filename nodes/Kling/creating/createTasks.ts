import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { formatCredits } from '../api/pricing';
import type { RequestSummary } from '../api/task';
import { failureOf } from '../result/hints';
import { endedBy, type ItemOutcome } from '../result/item';
import { isRefunded } from '../result/task';
import { checkBudget } from './budget';
import { type Created, prepareAll, type Prepared, type Preparing } from './prepare';
import { sendAll } from './send';

/**
 * A task for each item: an earlier one, or one that is paid for now. Nothing is spent before all were checked.
 *
 * @throws {CancelledError} when the execution was cancelled, after the last request has ended
 */
export async function createTasks(
	context: IExecuteFunctions,
	preparing: Preparing,
): Promise<Array<Settled<Created>>> {
	return await sendAll(context, await checkRun(context, preparing), preparing.journal);
}

/** Checks a run as a whole, before anything is spent: all items, then limit and balance. */
export async function checkRun(
	context: IExecuteFunctions,
	preparing: Preparing,
): Promise<Array<Settled<Prepared>>> {
	const prepared = await prepareAll(context, preparing);
	const ended = endedBy(context, prepared);
	if (ended !== null) return ended;
	const checked = await checkBudget(prepared, preparing.journal.spentCredits());
	return endedBy(context, checked) ?? checked;
}

/**
 * Says what a run spent on all its items. The credits of tasks that failed were given back (API docs).
 *
 * @param outcomes what became of the tasks, where that is known already
 */
export function spendingHints(
	created: ReadonlyArray<Settled<Created>>,
	outcomes: readonly ItemOutcome[] = [],
): string[] {
	const paid = created.flatMap((item, itemIndex) => {
		const outcome = outcomes[itemIndex];
		const failure = outcome === undefined ? null : failureOf(outcome);
		const isPaid = failure === null || !isRefunded(failure);
		return item instanceof Failure || !isPaid ? [] : (item.task.request ?? []);
	});
	return paid.length === 0 ? [] : [`${describeCost(paid)}.`];
}

/** `2 videos for an estimated 220 credits (about US$ 1.10) in all`. */
export function describeCost(requests: readonly RequestSummary[]): string {
	const credits = requests.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
	const videos = requests.length === 1 ? '1 video' : `${requests.length} videos`;
	return `${videos} for an estimated ${formatCredits(credits)} in all`;
}
