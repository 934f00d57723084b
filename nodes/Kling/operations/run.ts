import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { ApiFailure, Failure, type Settled, Thrown, Unreached } from '../api/failure';
import { nameCreated } from '../creating/ending';
import { fingerprintOf, Journal } from '../creating/journal';
import { CancelledError } from '../n8n/async';
import { hasBegun, isTool, keepsFailedItems, maySleep, readRunIndex } from '../n8n/execution';
import { CREATING } from '../parameters/operation';
import { settingsOf } from '../parameters/settings';
import { namedTask } from '../parameters/taskId';
import { failureOf, type ItemOutcome, toItem, toNodeError, VideoFailed } from '../result/item';
import { isRefunded } from '../result/task';
import { isSuspended } from '../waiting/suspend';

/** Gives the outcome of each item; null once it has suspended the execution; or why there can be no run. */
export type Operation = (
	context: IExecuteFunctions,
	journal: Journal,
) => Promise<Settled<ItemOutcome[] | null>>;

/**
 * The one way out of a run, whether it pays or not. An error that ends a run names every task that the
 * run has created so far; a cancelled run, which keeps no output, names them in n8n's log.
 */
export async function runOperation(
	context: IExecuteFunctions,
	operation: Operation,
): Promise<INodeExecutionData[][]> {
	// An output that n8n does not take for a failure of the suspended run.
	const nothingYet: INodeExecutionData[][] = [[]];
	if (isSuspended(context)) return nothingYet;
	if (context.getExecutionCancelSignal()?.aborted === true) throw new CancelledError();
	const journal = openJournal(context);
	const given = await operation(context, journal).catch((thrown: unknown) => {
		if (!(thrown instanceof CancelledError)) return new Thrown(thrown);
		const ids = journal.paid().flatMap(({ taskId }) => taskId ?? []);
		const text = `Cancelled after creating Kling videos: ${ids.join(', ')}`;
		if (ids.length > 0) journal.log('warn', text);
		throw thrown;
	});
	if (given === null) return nothingYet;
	const pays = CREATING.includes(String(context.getNodeParameter('operation', 0)));
	const taskIdOf = (itemIndex: number) =>
		pays ? journal.taskIdOf(itemIndex) : namedTask(settingsOf(context, itemIndex));
	const outcomes =
		given instanceof Failure
			? context.getInputData().map((_, itemIndex) => given.about(taskIdOf(itemIndex)))
			: given;
	journal.refund(refundedOf(context, outcomes));
	const failed = outcomes.filter((one) => one instanceof Failure && !(one instanceof Unreached));
	// What may have been charged must not hide behind another item's failure.
	const unclear = failed.find(
		(one) => one instanceof ApiFailure && one.detail.outcome === 'unclear',
	);
	const failure = (pays ? unclear : null) ?? failed[0];
	if (keepsFailedItems(context) || !(failure instanceof Failure)) {
		return [outcomes.map((outcome, itemIndex) => toItem(context, outcome, itemIndex))];
	}
	const error = toNodeError(context, failure, outcomes.indexOf(failure));
	throw pays ? nameCreated(error, journal, outcomes, maySleep(context)) : error;
}

/**
 * The tasks that stand for nothing any more, since their credits were given back and whoever asks again
 * wants another video: where a failed video ends the run, and in a tool, whose model may ask again.
 */
function refundedOf(context: IExecuteFunctions, outcomes: readonly ItemOutcome[]): string[] {
	return outcomes.flatMap((outcome) => {
		const endsTheRun = outcome instanceof VideoFailed && !context.continueOnFail();
		const failure = endsTheRun || isTool(context) ? failureOf(outcome) : null;
		if (failure === null || !isRefunded(failure)) return [];
		const taskId = outcome instanceof Failure ? outcome.taskId : outcome.task?.taskId;
		return taskId ?? [];
	});
}

/** The parameters that make a request. */
const REQUEST = ['prompt', 'imageSource', 'imageUrls', 'binaryPropertyName', 'duration', 'sound'];

function openJournal(context: IExecuteFunctions): Journal {
	const { name, parameters } = context.getNode();
	// n8n gives none to a tool that an MCP client calls.
	const executionId: string | undefined = context.getExecutionId();
	const run = {
		executionId: executionId ?? '',
		node: isTool(context) ? null : name,
		runIndex: readRunIndex(context),
		writtenOf: (itemIndex: number) => {
			const written = REQUEST.map((parameter) => parameters[parameter] ?? null);
			return fingerprintOf([...written, context.getInputData()[itemIndex]?.json]);
		},
		isRemembered: executionId !== undefined && hasBegun(context),
	};
	const { id = 'unsaved' } = context.getWorkflow();
	// n8n prints the message alone, so that says it all.
	return new Journal(context.getContext('flow'), run, (level, text, itemIndex) => {
		const item = itemIndex === undefined ? '' : `, item ${itemIndex}`;
		const where = `workflow ${id}, execution ${executionId}, node “${name}”${item}`;
		context.logger[level](`${text} (${where})`);
	});
}
