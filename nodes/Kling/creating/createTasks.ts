import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { ApiFailure } from '../api/failure';
import { formatCredits } from '../api/pricing';
import { recordCreated } from '../callback/awaited';
import { resumeAddressOf } from '../callback/resumeAddress';
import { recordTasks } from '../n8n/customData';
import { keepsFailedItems } from '../n8n/execution';
import type { ResultSettings } from '../parameters/result';
import { type SpendingSettings, strictest } from '../parameters/spending';
import type { ItemError, ItemOutcome } from '../result/item';
import { toItemError } from '../result/item';
import { refuseUnlessContinuing } from '../result/output';
import { isRefunded, newTask, simplifiedToJson } from '../result/task';
import { findUnaffordable } from './budget';
import type { JournalTask } from './journal';
import type { Preparation, Preparing } from './prepare';
import { isToCreate, prepareAll } from './prepare';
import type { Sent } from './send';
import { sendAll } from './send';

export interface CreatedTask extends JournalTask {
	/** How the finished task is passed on. */
	result: ResultSettings;
}

/** What became of one item's request. */
export type Creation =
	| { ok: true; created: CreatedTask }
	| { ok: false; error: ItemError; taskId?: string };

/**
 * Creates a task for each item, several at once, and pays for none twice. Unless failed items are
 * passed on, the first one stops further requests.
 *
 * @throws the first item's error, unless failed items are passed on
 * @throws {CancelledError} when the execution was cancelled, after the last request has ended
 */
export async function createTasks(
	context: IExecuteFunctions,
	preparing: Preparing,
): Promise<Creation[]> {
	const prepared = await checkRun(context, preparing);
	const sent = await sendAll(prepared, {
		journal: preparing.journal,
		concurrency: spendingOf(prepared).concurrency,
		stopsAtFailure: !keepsFailedItems(context),
		signal: context.getExecutionCancelSignal(),
	});
	const tasks = sent.filter(isTask);
	recordCallbacks(context, tasks);
	recordTasks(
		context,
		tasks.map(({ taskId }) => taskId),
	);
	const creations = prepared.map((item, itemIndex): Creation => {
		if (!item.ok) return item;
		const outcome = sent[itemIndex];
		return isTask(outcome)
			? { ok: true, created: { ...outcome, result: item.result } }
			: { ok: false, error: toItemError(context, outcome, itemIndex) };
	});
	refuseUnlessContinuing(context, creations);
	return creations;
}

/** What the items say together of what the run may spend. */
function spendingOf(prepared: readonly Preparation[]): SpendingSettings {
	return strictest(prepared.flatMap((item) => (item.ok ? [item.spending] : [])));
}

/**
 * Checks a run as a whole, before anything is spent: all items, then limit and balance.
 *
 * @param checksBalance whether the balance is looked at even where no item asks for it
 * @throws the first item's error, unless failed items are passed on
 */
export async function checkRun(
	context: IExecuteFunctions,
	preparing: Preparing,
	checksBalance = false,
): Promise<Preparation[]> {
	const prepared = await prepareAll(context, preparing);
	refuseUnlessContinuing(context, prepared);
	const purchases = prepared.flatMap((item, itemIndex) =>
		isToCreate(item)
			? [{ itemIndex, client: item.client, credits: item.request.estimatedCredits }]
			: [],
	);
	const { checkBalance, ...limits } = spendingOf(prepared);
	const spending = { ...limits, checkBalance: checkBalance || checksBalance };
	const spentCredits = preparing.journal.spentCredits();
	const refusals = await findUnaffordable(context, purchases, spending, spentCredits);
	const checked = prepared.map((item, itemIndex): Preparation => {
		const error = refusals.get(itemIndex);
		return error === undefined ? item : { ok: false, error };
	});
	refuseUnlessContinuing(context, checked);
	return checked;
}

function isTask(sent: Sent): sent is JournalTask {
	return sent !== undefined && !(sent instanceof ApiFailure);
}

/** Lets a Wait further down know of these tasks, and which of them will call this execution back. */
function recordCallbacks(context: IExecuteFunctions, tasks: readonly JournalTask[]): void {
	const resumeAddress = resumeAddressOf(context);
	recordCreated(
		context,
		tasks.map(({ callbackUrl, taskId }) => ({
			id: taskId,
			createdAt: Date.now(),
			callsThisExecution: resumeAddress !== null && callbackUrl === resumeAddress,
		})),
	);
}

/**
 * Says what a run spent on all its items. The credits of tasks that failed were given back (API docs).
 *
 * @param outcomes what became of the tasks, where that is known already
 */
export function spendingHints(
	creations: readonly Creation[],
	outcomes: readonly ItemOutcome[] = [],
): string[] {
	const isPaid = (itemIndex: number) => {
		const failure = outcomes[itemIndex]?.failure;
		return !failure || !isRefunded(failure);
	};
	const paid = creations.flatMap((creation, itemIndex) =>
		creation.ok && isPaid(itemIndex) ? [creation.created] : [],
	);
	if (paid.length === 0) return [];
	const credits = paid.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
	const videos = paid.length === 1 ? '1 video' : `${paid.length} videos`;
	return [`${videos} for an estimated ${formatCredits(credits)} in all.`];
}

/** What an item says about its request, besides the task itself. */
export function describeRequest(created: JournalTask): IDataObject {
	const { estimatedCredits, duration, sound, callback, callbackUrl } = created;
	return {
		estimatedCredits,
		duration,
		sound,
		callback,
		// A resume URL is a key to the execution, so it stays out of the data.
		callbackUrl: callback === 'execution' ? null : (callbackUrl ?? null),
	};
}

/** The item of a task that was created and not read yet. */
export function createdToOutcome(creation: Creation): ItemOutcome {
	if (!creation.ok) return creation;
	const { created } = creation;
	const json = simplifiedToJson(newTask(created.taskId), { request: describeRequest(created) });
	return { ok: true, json };
}
