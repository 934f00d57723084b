import type { IBinaryKeyData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { ApiFailure, Failure, Refusal, type Settled, Thrown, Unreached } from '../api/failure';
import { saying, toNodeApiError } from '../api/messages';
import { isTool, keepsFailedItems, type ToolContext } from '../n8n/execution';
import { isRefunded, type SimplifiedTask } from './task';

export type ItemError = NodeApiError | NodeOperationError;

interface ItemResult {
	json: IDataObject;
	binary?: IBinaryKeyData;
	task?: SimplifiedTask;
	/** Whether the time was over before its task had ended. */
	timedOut?: boolean;
	/** What the model of a tool has to know; null for nothing. */
	note?: string | null;
}

export type ItemOutcome = Settled<ItemResult>;

/**
 * The outcomes of a run that a failed item ends, as the others are not come to any more; null where no
 * item has failed, or failed ones are passed on.
 */
export function endedBy(
	context: Parameters<typeof keepsFailedItems>[0],
	items: ReadonlyArray<Settled<object>>,
): Failure[] | null {
	if (keepsFailedItems(context) || !items.some((item) => item instanceof Failure)) return null;
	return items.map((item) => (item instanceof Failure ? item : new Unreached()));
}

/** A task that ended without a video, where that is an error of its item. */
export class VideoFailed extends Failure {
	constructor(readonly task: SimplifiedTask) {
		super();
		this.taskId = task.taskId;
	}

	get message(): string {
		const { taskId, failure } = this.task;
		const cause = failure?.message || 'no reason was given';
		return `Task ${taskId} did not produce a video: ${cause} (${failure?.code ?? 'unknown'})`;
	}

	get hint(): string {
		return this.task.failure === null || isRefunded(this.task.failure)
			? 'The credits of a task that failed are given back automatically. Change the prompt or the image, or create it again later.'
			: 'The API calls this task completed, so its credits may not have been given back. Use Get Video with its task ID later, before paying for it once more.';
	}
}

/** A failure as the error that n8n shows: the one place that makes them. */
export function toNodeError(context: ToolContext, failure: Failure, itemIndex: number): ItemError {
	const node = context.getNode();
	if (failure instanceof ApiFailure) {
		return toNodeApiError(node, failure, itemIndex, isTool(context) ? 'model' : 'person');
	}
	if (failure instanceof VideoFailed) {
		const { message, hint: description, task } = failure;
		const text = task.failure?.message ?? '';
		const options = { message, description, itemIndex };
		return saying(message, new NodeApiError(node, { message: text }, options));
	}
	if (failure instanceof Refusal) {
		const message = `${failure.message} [item ${itemIndex}]`;
		const options = { description: failure.hint, itemIndex };
		return saying(message, new NodeOperationError(node, message, options));
	}
	const thrown = failure instanceof Thrown ? failure.error : failure.message;
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	const cause = thrown instanceof Error ? thrown : String(thrown);
	const error = new NodeOperationError(node, cause, { itemIndex });
	const isNamed = failure instanceof Thrown && failure.parameter !== null;
	return isNamed ? saying(`${failure.message} [item ${itemIndex}]`, error) : error;
}

/** The node's output: one item for each input item, paired and in order. */
export function toOutput(
	context: ToolContext,
	outcomes: readonly ItemOutcome[],
): INodeExecutionData[][] {
	const toOne = isTool(context) ? toToolItem : toItem;
	return [outcomes.map((outcome, itemIndex) => toOne(context, outcome, itemIndex))];
}

/**
 * One item of the output, paired with its input item. One that failed is `{ error, details }`, or
 * `{ error, message }` where the node has an error output: n8n 2.0 takes no other item for an error
 * there. `error` is not set on the item itself, of which n8n would keep nothing but the message.
 */
export function toItem(
	context: ToolContext,
	outcome: ItemOutcome,
	itemIndex: number,
): INodeExecutionData {
	if (!(outcome instanceof Failure)) return paired(itemIndex, outcome.json, outcome.binary);
	const { taskId } = outcome;
	const error = toNodeError(context, outcome, itemIndex);
	const { message, description } = error;
	if (hasErrorOutput(context)) {
		const isNamed = taskId === null || message.includes(taskId);
		const text = isNamed ? message : `${message} (task ${taskId})`;
		// An empty description would not count.
		return paired(itemIndex, { error: text, ...(description ? { message: description } : {}) });
	}
	const httpCode = error instanceof NodeApiError ? error.httpCode : null;
	const details = { description: description ?? null, httpCode, taskId };
	return paired(itemIndex, { error: message, details });
}

export function paired(
	itemIndex: number,
	json: IDataObject,
	binary?: IBinaryKeyData,
): INodeExecutionData {
	return { json, ...(binary === undefined ? {} : { binary }), pairedItem: { item: itemIndex } };
}

/** Whether failed items leave by an output of their own (*On Error: Continue (using error output)*). */
export function hasErrorOutput(context: Pick<ToolContext, 'getNode'>): boolean {
	return context.getNode().onError === 'continueErrorOutput';
}

const LEFT_OUT = new Set(['callback', 'callbackUrl']);

/**
 * What the model of an AI Agent reads of one item. One that failed is one text with what happened and
 * what to do, since n8n passes on no more. Item numbers and callbacks are left out: a model makes up
 * what they mean.
 */
function toToolItem(
	context: ToolContext,
	outcome: ItemOutcome,
	itemIndex: number,
): INodeExecutionData {
	if (outcome instanceof Failure) {
		const { taskId } = outcome;
		const error = textForModel(toNodeError(context, outcome, itemIndex));
		return paired(itemIndex, { error, ...(taskId === null ? {} : { taskId }) });
	}
	const { binary, note } = outcome;
	const entries = Object.entries(outcome.json).filter(([key]) => !LEFT_OUT.has(key));
	return paired(itemIndex, { ...Object.fromEntries(entries), ...(note ? { note } : {}) }, binary);
}

function textForModel({ message, description }: ItemError): string {
	// At the end of a message (n8n: guidelines for error texts).
	const happened = message.replace(/ \[item \d+\]$/, '');
	return [happened, description ?? '']
		.filter((text) => text !== '')
		.map((text) => (/[.!?]”?$/.test(text) ? text : `${text}.`))
		.join(' ');
}
