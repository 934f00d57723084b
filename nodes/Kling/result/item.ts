import type { IBinaryKeyData, IDataObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { ApiFailure, Failure, Refusal, type Settled, Thrown, Unreached } from '../api/failure';
import { describeFailure } from '../api/messages';
import { isTool, keepsFailedItems, type ToolContext } from '../n8n/execution';
import { isRefunded, type SimplifiedTask, type TaskFailure } from './task';

export type ItemError = NodeApiError | NodeOperationError;

interface ItemResult {
	json: IDataObject;
	binary?: IBinaryKeyData;
	task?: SimplifiedTask;
	/** What the model of a tool has to know; null for nothing. */
	note?: string | null;
}

export type ItemOutcome = Settled<ItemResult>;

/** The outcomes of a run that a failed item ends; null where none has failed, or failed ones are passed on. */
export function endedBy(
	context: Parameters<typeof keepsFailedItems>[0],
	items: ReadonlyArray<Settled<object>>,
): Failure[] | null {
	if (keepsFailedItems(context) || !items.some((item) => item instanceof Failure)) return null;
	return items.map((item) => (item instanceof Failure ? item : new Unreached()));
}

/** A task that ended without a video, where that is an error of its item. */
export class VideoFailed extends Failure {
	constructor(
		taskId: string,
		readonly reason: TaskFailure,
	) {
		super();
		this.taskId = taskId;
	}

	get message(): string {
		const { code, message } = this.reason;
		return `Task ${this.taskId} did not produce a video: ${message || 'no reason was given'} (${code})`;
	}

	get hint(): string {
		return isRefunded(this.reason)
			? 'The credits of a task that failed are given back automatically. Change the prompt or the image, or create it again later.'
			: 'The API calls this task completed, so its credits may not have been given back. Use Get Video with its task ID later, before paying for it once more.';
	}
}

/** Why the task of an item ended without a video; null where it did not. */
export function failureOf(outcome: ItemOutcome): TaskFailure | null {
	if (outcome instanceof VideoFailed) return outcome.reason;
	return outcome instanceof Failure ? null : (outcome.task?.failure ?? null);
}

/** A failure as the n8n error of an item; `KlingTrigger` has its own. */
export function toNodeError(context: ToolContext, failure: Failure, itemIndex: number): ItemError {
	const node = context.getNode();
	if (failure instanceof ApiFailure) {
		const { detail, taskId } = failure;
		const { status, code, text } = detail;
		const words = describeFailure(detail, isTool(context) ? 'model' : 'person');
		const message = taskId === null ? words.message : `${words.message} (task ${taskId})`;
		const answer = [status && `HTTP ${status}`, code, text].filter(Boolean).join(' · ');
		const httpCode = status === null ? undefined : String(status);
		const options = { ...words, message, httpCode, itemIndex };
		return saying(message, new NodeApiError(node, { message: answer }, options));
	}
	if (failure instanceof VideoFailed) {
		const { message, hint: description, reason } = failure;
		const options = { message, description, itemIndex };
		return saying(message, new NodeApiError(node, { message: reason.message }, options));
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

/** n8n puts words of its own in the place of a message with a network code anywhere in it (`NodeError`). */
function saying<E extends Error>(message: string, error: E): E {
	error.message = message;
	return error;
}

/** One item of the output, paired with its input item. */
export function toItem(context: ToolContext, outcome: ItemOutcome, itemIndex: number) {
	const pairedItem = { item: itemIndex };
	if (outcome instanceof Failure) {
		return { json: failedJson(context, outcome, itemIndex), pairedItem };
	}
	const { binary } = outcome;
	const json = isTool(context) ? jsonForModel(outcome) : outcome.json;
	return { json, ...(binary && { binary }), pairedItem };
}

/**
 * `{ error, details }`, or `{ error, message }` where the node has an error output: n8n 2.0 takes no other item for
 * an error there. `error` is not set on the item itself, of which n8n would keep nothing but the message. The model
 * of an AI Agent gets all in one text, since n8n passes on no more.
 */
function failedJson(context: ToolContext, failure: Failure, itemIndex: number): IDataObject {
	const { taskId } = failure;
	const error = toNodeError(context, failure, itemIndex);
	const { message, description } = error;
	if (isTool(context)) {
		return { error: textForModel(error), ...(taskId !== null && { taskId }) };
	}
	if (hasErrorOutput(context)) {
		const isNamed = taskId === null || message.includes(taskId);
		const text = isNamed ? message : `${message} (task ${taskId})`;
		return { error: text, ...(description && { message: description }) };
	}
	const httpCode = error instanceof NodeApiError ? error.httpCode : null;
	return { error: message, details: { description: description ?? null, httpCode, taskId } };
}

/** Whether failed items leave by an output of their own (*On Error: Continue (using error output)*). */
export function hasErrorOutput(context: Pick<ToolContext, 'getNode'>): boolean {
	return context.getNode().onError === 'continueErrorOutput';
}

/** Without callbacks and item numbers: a model makes up what they mean. */
function jsonForModel({ json, note }: ItemResult): IDataObject {
	const told = Object.entries(json).filter(([key]) => !['callback', 'callbackUrl'].includes(key));
	return { ...Object.fromEntries(told), ...(note && { note }) };
}

function textForModel({ message, description }: ItemError): string {
	const happened = message.replace(/ \[item \d+\]$/, '');
	return [happened, description]
		.flatMap((text) => text || [])
		.map((text) => (/[.!?]”?$/.test(text) ? text : `${text}.`))
		.join(' ');
}
