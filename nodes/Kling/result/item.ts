import type { IBinaryKeyData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { ApiFailure, Refusal, Thrown } from '../api/failure';
import { toNodeApiError } from '../api/messages';
import { CancelledError } from '../n8n/async';
import { isTool, type ToolContext } from '../n8n/execution';
import { InvalidParameterError } from '../parameters/read';
import type { TaskFailure } from './task';

export type ItemError = NodeApiError | NodeOperationError;

/** What became of one input item. */
export type ItemOutcome =
	| {
			ok: true;
			json: IDataObject;
			binary?: IBinaryKeyData;
			videoUrl?: string | null;
			/** Why its task ended without a video. */
			failure?: TaskFailure | null;
			/** Whether the time was over before its task had ended. */
			timedOut?: boolean;
	  }
	| { ok: false; error: ItemError; taskId?: string; failure?: TaskFailure | null };

/**
 * Whatever went wrong with one item, as the error n8n shows for it. A refusal names the item as n8n's
 * own nodes do, except to an AI Agent, which knows no items.
 *
 * @throws {CancelledError} when that was what happened: a cancelled execution has no item errors
 */
export function toItemError(
	context: ToolContext,
	thrown: unknown,
	itemIndex: number,
	taskId?: string,
): ItemError {
	if (thrown instanceof CancelledError) throw thrown;
	if (thrown instanceof Thrown) return toItemError(context, thrown.error, itemIndex, taskId);
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	const node = context.getNode();
	if (thrown instanceof ApiFailure) {
		const reader = isTool(context) ? 'model' : 'person';
		return toNodeApiError(node, thrown, { itemIndex, taskId, reader });
	}
	if (thrown instanceof InvalidParameterError || thrown instanceof Refusal) {
		return new NodeOperationError(node, `${thrown.message} [item ${itemIndex}]`, {
			description: thrown.hint,
			itemIndex,
		});
	}
	return new NodeOperationError(node, thrown instanceof Error ? thrown : String(thrown), {
		itemIndex,
	});
}

/**
 * One item of the output, paired with its input item. One that failed is `{ error, details }`, or
 * `{ error, message }` where the node has an error output: n8n 2.0 takes no other item for an error
 * there.
 *
 * `error` is not set on the item itself: n8n would then throw away everything but the message,
 * while an item with no other keys goes to the error output just as well and keeps its input.
 */
export function toItem(
	outcome: ItemOutcome,
	itemIndex: number,
	hasErrorOutput: boolean,
): INodeExecutionData {
	const pairedItem = { item: itemIndex };
	if (!outcome.ok) {
		const { error, taskId } = outcome;
		const json = hasErrorOutput ? errorTexts(error, taskId) : errorJson(error, taskId);
		return { json, pairedItem };
	}
	const { json, binary } = outcome;
	return binary === undefined ? { json, pairedItem } : { json, binary, pairedItem };
}

/** Whether failed items leave by an output of their own (*On Error: Continue (using error output)*). */
export function hasErrorOutput(context: Pick<ToolContext, 'getNode'>): boolean {
	return context.getNode().onError === 'continueErrorOutput';
}

function errorTexts({ message, description }: ItemError, taskId: string | undefined): IDataObject {
	const isNamed = taskId === undefined || message.includes(taskId);
	const error = isNamed ? message : `${message} (task ${taskId})`;
	// An empty text would not count.
	return description ? { error, message: description } : { error };
}

function errorJson(error: ItemError, taskId: string | undefined): IDataObject {
	return {
		error: error.message,
		details: {
			description: error.description ?? null,
			httpCode: error instanceof NodeApiError ? error.httpCode : null,
			taskId: taskId ?? null,
		},
	};
}
