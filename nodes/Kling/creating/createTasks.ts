import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { Clients } from '../api/client';
import { ApiFailure } from '../api/failure';
import { formatCredits } from '../api/pricing';
import { recordCallback } from '../callback/awaited';
import type { Targets } from '../callback/target';
import { readResumeUrl } from '../n8n/execution';
import type { SpendingSettings } from '../parameters/spending';
import type { ItemError, ItemOutcome } from '../result/item';
import { toItemError } from '../result/item';
import { namingCreated } from '../result/output';
import { newTask, simplifiedToJson } from '../result/task';
import { checkBudget } from './budget';
import { openJournal } from './journal';
import { prepareAll, type Preparation, type Preparing } from './prepare';
import type { CreatedTask, Sent } from './send';
import { sendAll } from './send';

/** What became of one item's request. */
export type Creation =
	| { ok: true; created: CreatedTask }
	| { ok: false; error: ItemError; taskId?: string };

/**
 * Creates a task for each item, several at once, and pays for none twice. All items are checked
 * before the first request, and so are callback, limit and balance.
 *
 * Unless the node continues on errors, the first failed item stops further requests, and the error
 * names the tasks that were created all the same: they are paid for.
 *
 * @throws the first item's error, unless the node continues on errors
 */
export async function createTasks(
	context: IExecuteFunctions,
	clients: Clients,
	targets: Pick<Targets, 'resolve'>,
	spending: SpendingSettings,
): Promise<Creation[]> {
	const journal = openJournal(context);
	const prepared = await checkRun(context, { clients, journal, targets }, spending);

	const continues = context.continueOnFail();
	const sent = await sendAll(prepared, {
		journal,
		concurrency: spending.concurrency,
		stopsAtFailure: !continues,
	}).catch((thrown: unknown) => {
		// A cancelled execution keeps no output, so the log is the only place left to name them.
		const createdIds = journal.createdIds();
		if (createdIds.length > 0) {
			context.logger.warn(`Cancelled after creating Kling tasks: ${createdIds.join(', ')}`);
		}
		throw thrown;
	});

	const created = sent.filter(isCreated);
	recordCallbacks(context, created);
	const itemIndex = sent.findIndex((outcome) => outcome instanceof ApiFailure);
	const failure = sent[itemIndex];
	if (failure instanceof ApiFailure && !continues) {
		const error = toItemError(context, failure, itemIndex);
		throw namingCreated(
			error,
			created.map(({ taskId }) => taskId),
		);
	}
	// Items that were not sent any more share the failure that stopped the run.
	const stoppedBy = sent.findLast((outcome) => outcome instanceof ApiFailure);
	return prepared.map((item, index): Creation => {
		if (!item.ok) return item;
		const outcome = sent[index] ?? stoppedBy;
		return isCreated(outcome)
			? { ok: true, created: outcome }
			: { ok: false, error: toItemError(context, outcome, index) };
	});
}

/**
 * Checks a run as a whole, before anything is spent: all items, then limit and balance.
 *
 * @throws the first item's error, unless the node continues on errors
 */
export async function checkRun(
	context: IExecuteFunctions,
	preparing: Preparing,
	spending: SpendingSettings,
): Promise<Preparation[]> {
	const prepared = await prepareAll(context, preparing);
	const unpaid = prepared.flatMap((item) => (item.ok && item.taskId === null ? [item] : []));
	await checkBudget(
		context,
		unpaid.map(({ client, request }) => ({ client, credits: request.estimatedCredits })),
		spending,
	);
	return prepared;
}

function isCreated(sent: Sent): sent is CreatedTask {
	return sent !== undefined && !(sent instanceof ApiFailure);
}

/**
 * Lets a Wait further down know which tasks will call this execution back, those included whose
 * Callback URL is the resume URL.
 */
function recordCallbacks(context: IExecuteFunctions, tasks: readonly CreatedTask[]): void {
	const calling = new Map<string, string[]>();
	const resumeUrl = readResumeUrl(context);
	for (const { callback, callbackUrl, taskId } of tasks) {
		if (callbackUrl === undefined) continue;
		if (callback !== 'execution' && callbackUrl !== resumeUrl) continue;
		calling.set(callbackUrl, [...(calling.get(callbackUrl) ?? []), taskId]);
	}
	for (const [url, taskIds] of calling) recordCallback(context, url, taskIds);
}

/** The ids of the tasks that came to be. */
export function createdIdsOf(creations: readonly Creation[]): string[] {
	return creations.flatMap((creation) => (creation.ok ? [creation.created.taskId] : []));
}

/** Says what a run spent on all its items. */
export function spendingHints(creations: readonly Creation[]): string[] {
	const created = creations.flatMap((creation) => (creation.ok ? [creation.created] : []));
	if (created.length === 0) return [];
	const credits = created.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
	const videos = created.length === 1 ? '1 video' : `${created.length} videos`;
	return [`${videos} for an estimated ${formatCredits(credits)} in all.`];
}

/** What an item says about its request, besides the task itself. */
export function describeRequest(created: CreatedTask): IDataObject {
	return {
		estimatedCredits: created.estimatedCredits,
		duration: created.input.duration,
		sound: created.input.sound,
		callback: created.callback,
		// A resume URL is a key to the execution, so it stays out of the data.
		callbackUrl: created.callback === 'execution' ? null : (created.callbackUrl ?? null),
	};
}

/** The item of a task that was created and not read yet. */
export function createdToOutcome(creation: Creation): ItemOutcome {
	if (!creation.ok) return creation;
	const { created } = creation;
	const json = simplifiedToJson(newTask(created.taskId), { request: describeRequest(created) });
	return { ok: true, json };
}
