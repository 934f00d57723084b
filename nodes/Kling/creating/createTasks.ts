import { Failure, type Settled, Unreached } from '../api/failure';
import { formatCredits } from '../api/pricing';
import type { RequestSummary } from '../api/task';
import { failureOf } from '../result/hints';
import { endedBy, type ItemOutcome } from '../result/item';
import { isRefunded } from '../result/task';
import { checkBudget, creditsOf } from './budget';
import { type Created, type Creating, prepareAll, type Prepared } from './prepare';
import { sendAll } from './send';

/**
 * A task for each item: an earlier one, or one that is paid for now. Nothing is spent before all were checked.
 *
 * @throws {CancelledError} when the execution was cancelled, after the last request has ended
 */
export async function createTasks(creating: Creating): Promise<Array<Settled<Created>>> {
	return await sendAll(creating, await checkRun(creating));
}

/** Checks a run as a whole, before anything is spent: all items, then limit and balance. */
export async function checkRun(creating: Creating): Promise<Array<Settled<Prepared>>> {
	const { context, journal } = creating;
	const prepared = await prepareAll(creating);
	const ended = endedBy(context, prepared);
	if (ended !== null) return ended;
	const checked = await checkBudget(prepared, journal.spentCredits());
	return endedBy(context, checked) ?? checked;
}

/**
 * Says what a run spent on all its items. The credits of tasks that failed were given back (API docs).
 *
 * @param outcomes what became of the tasks, where that is known already
 */
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

/** `2 videos for an estimated 220 credits (about US$ 1.10) in all`. */
export function describeCost(requests: readonly RequestSummary[]): string {
	const videos = requests.length === 1 ? '1 video' : `${requests.length} videos`;
	return `${videos} for an estimated ${formatCredits(creditsOf(requests))} in all`;
}
