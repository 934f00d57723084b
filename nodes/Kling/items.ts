import type {
	IBinaryKeyData,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
} from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { toNodeApiError } from './api/errors';
import { ApiFailure } from './api/failure';
import { Cancelled } from './flow';
import { InvalidParameter } from './task/request';

export type ItemError = NodeApiError | NodeOperationError;

/** What became of one input item. */
export type ItemOutcome =
	| { ok: true; json: IDataObject; binary?: IBinaryKeyData; videoUrl?: string | null }
	| { ok: false; error: ItemError; taskId?: string };

/**
 * Whatever went wrong with one item, as the error n8n shows for it.
 *
 * @throws {Cancelled} when that was what happened: a cancelled execution has no item errors
 */
export function toItemError(
	context: Pick<IExecuteFunctions, 'getNode'>,
	thrown: unknown,
	itemIndex: number,
	taskId?: string,
): ItemError {
	if (thrown instanceof Cancelled) throw thrown;
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	const node = context.getNode();
	if (thrown instanceof ApiFailure) return toNodeApiError(node, thrown, { itemIndex, taskId });
	if (thrown instanceof InvalidParameter) {
		return new NodeOperationError(
			node,
			`${thrown.parameter} of item ${itemIndex}: ${thrown.reason}`,
			{ description: thrown.hint, itemIndex },
		);
	}
	return new NodeOperationError(node, thrown instanceof Error ? thrown : String(thrown), {
		itemIndex,
	});
}

/** Runs one item's work and catches what goes wrong with it alone. */
export async function settleItem(
	context: Pick<IExecuteFunctions, 'getNode'>,
	itemIndex: number,
	work: () => Promise<ItemOutcome>,
	taskId?: string,
): Promise<ItemOutcome> {
	try {
		return await work();
	} catch (thrown) {
		return { ok: false, error: toItemError(context, thrown, itemIndex, taskId), taskId };
	}
}

/**
 * The node's output: one item for each input item, paired and in order. An item that failed comes
 * out as `{ error, details }`.
 *
 * `error` is not set on the item itself: n8n would then throw away everything but the message,
 * while an item with no other keys goes to the error output just as well and keeps its input.
 *
 * @param createdIds the tasks that this run has created: an error that stops it names them
 * @throws the first item's error, unless the node continues on errors
 */
export function toOutput(
	context: Pick<IExecuteFunctions, 'continueOnFail'>,
	outcomes: readonly ItemOutcome[],
	createdIds: readonly string[] = [],
): INodeExecutionData[][] {
	const failed = outcomes.find((outcome) => !outcome.ok);
	if (failed !== undefined && !failed.ok && !context.continueOnFail()) {
		throw namingCreated(failed.error, createdIds);
	}
	return [outcomes.map(toItem)];
}

/** The error of a run that stops half-way, naming the tasks that it created: they are paid for. */
export function namingCreated(error: ItemError, createdIds: readonly string[]): ItemError {
	if (createdIds.length > 0) {
		error.message += `. This run had already created: ${createdIds.join(', ')}`;
	}
	return error;
}

/**
 * The output of a run. What goes wrong with the run as a whole becomes an n8n error, or, when the
 * node continues on errors, one error item for each input item: n8n would pass on the input as if
 * nothing had happened.
 */
export async function settleRun(
	context: IExecuteFunctions,
	work: Promise<INodeExecutionData[][]>,
): Promise<INodeExecutionData[][]> {
	return await work.catch((thrown: unknown) => {
		const error = toItemError(context, thrown, 0);
		if (!context.continueOnFail()) throw error;
		return [context.getInputData().map((_, itemIndex) => toItem({ ok: false, error }, itemIndex))];
	});
}

export function toItem(outcome: ItemOutcome, itemIndex: number): INodeExecutionData {
	const pairedItem = { item: itemIndex };
	if (!outcome.ok) return { json: errorJson(outcome.error, outcome.taskId), pairedItem };
	const { json, binary } = outcome;
	return binary === undefined ? { json, pairedItem } : { json, binary, pairedItem };
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
