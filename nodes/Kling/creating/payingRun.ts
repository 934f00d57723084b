import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { CancelledError } from '../n8n/async';
import { isTool, keepsFailedItems, readRunIndex } from '../n8n/execution';
import type { ItemError, ItemOutcome } from '../result/item';
import { toItemError } from '../result/item';
import { toOutput } from '../result/output';
import type { CreatedIds, Journal, JournalLog } from './journal';
import { openJournal } from './journal';

/**
 * A run that pays. Whatever ends it passes through here: an error, also one that has nothing to do
 * with creating, names every task that the run has created so far; a cancelled run, which keeps no
 * output, names them in n8n's log.
 *
 * @param work gives the outcome of each item, or null once the execution is suspended
 * @returns the node's output, or null as `work` did
 */
export async function payingRun(
	context: IExecuteFunctions,
	work: (journal: Journal) => Promise<ItemOutcome[]>,
): Promise<INodeExecutionData[][]>;
export async function payingRun(
	context: IExecuteFunctions,
	work: (journal: Journal) => Promise<ItemOutcome[] | null>,
): Promise<INodeExecutionData[][] | null>;
export async function payingRun(
	context: IExecuteFunctions,
	work: (journal: Journal) => Promise<ItemOutcome[] | null>,
): Promise<INodeExecutionData[][] | null> {
	if (context.getExecutionCancelSignal()?.aborted === true) throw new CancelledError();
	const journal = openRunJournal(context);
	try {
		const outcomes = await work(journal);
		if (outcomes === null) return null;
		journal.end(outcomes.some((outcome) => !outcome.ok));
		return toOutput(context, outcomes);
	} catch (thrown) {
		journal.end(true);
		return toFailedOutput(context, journal, thrown);
	}
}

/** The journal of this run, as it writes to n8n's log. */
export function openRunJournal(context: IExecuteFunctions): Journal {
	const run = {
		executionId: context.getExecutionId(),
		runIndex: readRunIndex(context),
		isTool: isTool(context),
	};
	return openJournal(context.getContext('node'), run, logOf(context));
}

/** n8n prints the message alone, so that says it all. */
function logOf(context: IExecuteFunctions): JournalLog {
	const place = (itemIndex: number) => `${placeOf(context)}, item ${itemIndex}`;
	return {
		created: (itemIndex, taskId) =>
			context.logger.info(`Kling video created: task ${taskId} (${place(itemIndex)})`),
		unclear: (itemIndex) =>
			context.logger.warn(
				`Kling video may have been created and charged, without an answer (${place(itemIndex)})`,
			),
	};
}

function placeOf(context: IExecuteFunctions): string {
	const { id = 'unsaved' } = context.getWorkflow();
	return `workflow ${id}, execution ${context.getExecutionId()}, node “${context.getNode().name}”`;
}

/** @throws the error that ends the run, unless failed items are passed on */
function toFailedOutput(
	context: IExecuteFunctions,
	journal: Journal,
	thrown: unknown,
): INodeExecutionData[][] {
	const created = journal.created();
	if (thrown instanceof CancelledError) {
		const ids = [...created.taskIds, ...created.replacedIds];
		if (ids.length > 0) {
			context.logger.warn(
				`Cancelled after creating Kling videos: ${ids.join(', ')} (${placeOf(context)})`,
			);
		}
		throw thrown;
	}
	const error = toItemError(context, thrown, 0);
	const items = context.getInputData();
	if (!keepsFailedItems(context)) {
		if (journal.hasSpent()) throw nameCreated(error, created, items.length);
		throw error instanceof NodeOperationError ? sayNothingWasSpent(error) : error;
	}
	return toOutput(
		context,
		items.map((_, itemIndex): ItemOutcome => {
			const taskId = journal.taskIdOf(itemIndex) ?? undefined;
			return { ok: false, error, taskId };
		}),
	);
}

/** n8n's own form of naming the item, at the end of a message. */
const ITEM_NUMBER = /( \[item \d+\])?$/;

const WAY_ON =
	'To go on without paying again, use Retry on this execution in the list of executions, which creates only what is missing, or give these task IDs to Wait for Video.';

/**
 * The error of a run that ends half-way: its title says how many videos there are already, its
 * description which, and the cheapest way on.
 */
export function nameCreated(
	error: ItemError,
	{ taskIds, replacedIds }: CreatedIds,
	itemCount: number,
): ItemError {
	const count = taskIds.length;
	if (count + replacedIds.length === 0) return error;
	if (count > 0) {
		const total = Math.max(count, itemCount);
		const videos =
			total === 1
				? 'the video was already created'
				: `${count} of ${total} videos ${count === 1 ? 'was' : 'were'} already created`;
		error.message = error.message.replace(ITEM_NUMBER, (item) => ` (${videos})${item}`);
	}
	error.description = [
		error.description ?? '',
		count === 0 ? '' : `${listOf('created so far', taskIds)} ${WAY_ON}`,
		replacedIds.length === 0 ? '' : listOf('created before a request was changed', replacedIds),
	]
		.filter((part) => part !== '')
		.join(' ');
	return error;
}

function listOf(what: string, taskIds: readonly string[]): string {
	return `${taskIds.length === 1 ? 'The task' : 'The tasks'} ${what}: ${taskIds.join(', ')}.`;
}

function sayNothingWasSpent(error: NodeOperationError): NodeOperationError {
	error.description = ['Nothing was spent.', error.description ?? ''].filter(Boolean).join(' ');
	return error;
}
