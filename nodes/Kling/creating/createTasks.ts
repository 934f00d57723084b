import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { Failure, type Settled, Unreached } from '../api/failure';
import { formatCredits } from '../api/pricing';
import type { Task } from '../api/task';
import { recordCreated } from '../callback/awaited';
import { keepsFailedItems } from '../n8n/execution';
import { type SpendingSettings, strictest } from '../parameters/spending';
import { failureOf } from '../result/hints';
import type { ItemOutcome } from '../result/item';
import { isRefunded } from '../result/task';
import { checkBudget } from './budget';
import { prepareAll, type Preparing } from './prepare';
import type { Prepared } from './request';
import { sendAll } from './send';

/** An item whose task is paid for. */
export interface Created extends Prepared {
	task: Task;
}

/**
 * Creates a task for each item, several at once, and pays for none twice. Unless failed items are
 * passed on, the first one stops further requests.
 *
 * @throws {CancelledError} when the execution was cancelled, after the last request has ended
 */
export async function createTasks(
	context: IExecuteFunctions,
	preparing: Preparing,
): Promise<Array<Settled<Created>>> {
	const { prepared } = await checkRun(context, preparing);
	const stopsAtFailure = !keepsFailedItems(context);
	if (stopsAtFailure && prepared.some((item) => item instanceof Failure)) {
		return prepared.map((item) => (item instanceof Failure ? item : new Unreached()));
	}
	const sent = await sendAll(prepared, {
		journal: preparing.journal,
		concurrency: spendingOf(prepared).concurrency,
		stopsAtFailure,
		signal: context.getExecutionCancelSignal(),
	});
	const tasks = sent.filter((outcome): outcome is Task => !(outcome instanceof Failure));
	recordCreated(
		context,
		tasks.flatMap(({ id, createdAt, request }) =>
			// A task of an earlier execution is reported to that.
			createdAt === null
				? []
				: [{ id, createdAt, callsThisExecution: request?.callback === 'execution' }],
		),
	);
	return prepared.map((item, itemIndex): Settled<Created> => {
		if (item instanceof Failure) return item;
		const task = sent[itemIndex] ?? new Unreached();
		return task instanceof Failure ? task : { ...item, task };
	});
}

export interface CheckedRun {
	prepared: Array<Settled<Prepared>>;
	/** The credits of each account whose balance was read. */
	balances: Map<ApiClient, number>;
}

/**
 * Checks a run as a whole, before anything is spent: all items, then limit and balance.
 *
 * @param checksBalance whether the balance is looked at even where no item asks for it
 */
export async function checkRun(
	context: IExecuteFunctions,
	preparing: Preparing,
	checksBalance = false,
): Promise<CheckedRun> {
	const prepared = await prepareAll(context, preparing);
	const ends = !keepsFailedItems(context) && prepared.some((item) => item instanceof Failure);
	if (ends) return { prepared, balances: new Map() };
	const purchases = prepared.flatMap((item, itemIndex) =>
		item instanceof Failure || item.request === null
			? []
			: [{ itemIndex, client: item.client, credits: item.request.summary.estimatedCredits }],
	);
	const spending = spendingOf(prepared);
	const { refusals, balances } = await checkBudget(
		purchases,
		{ ...spending, checkBalance: spending.checkBalance || checksBalance },
		preparing.journal.spentCredits(),
	);
	return { prepared: prepared.map((item, index) => refusals.get(index) ?? item), balances };
}

/** What the items say together of what the run may spend. */
function spendingOf(prepared: ReadonlyArray<Settled<Prepared>>): SpendingSettings {
	return strictest(prepared.flatMap((item) => (item instanceof Failure ? [] : [item.spending])));
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
	if (paid.length === 0) return [];
	const credits = paid.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
	const videos = paid.length === 1 ? '1 video' : `${paid.length} videos`;
	return [`${videos} for an estimated ${formatCredits(credits)} in all.`];
}
