import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { isTool, keepsFailedItems, type ToolContext } from '../n8n/execution';
import type { ItemError, ItemOutcome } from './item';
import { hasErrorOutput, toItem, toItemError } from './item';
import { toToolItem } from './tool';

/** Runs one item's work and catches what goes wrong with it alone. */
export async function settleItem(
	context: ToolContext,
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

/** What a check gave for one item. */
export type Checked<T> = { ok: true; value: T } | { ok: false; error: ItemError };

/**
 * Checks each input item before anything is sent. What is wrong with one item is its own error.
 *
 * @throws the first item's error, unless the node continues on errors
 */
export function checkItems<T>(
	context: ToolContext & Pick<IExecuteFunctions, 'getInputData' | 'continueOnFail'>,
	check: (itemIndex: number) => T,
): Array<Checked<T>> {
	const checked = context.getInputData().map((_, itemIndex): Checked<T> => {
		try {
			return { ok: true, value: check(itemIndex) };
		} catch (thrown) {
			return { ok: false, error: toItemError(context, thrown, itemIndex) };
		}
	});
	refuseUnlessContinuing(context, checked);
	return checked;
}

/** @throws the first item's error, unless the node continues on errors */
export function refuseUnlessContinuing(
	context: Pick<IExecuteFunctions, 'getNode' | 'continueOnFail'>,
	checked: ReadonlyArray<{ ok: true } | { ok: false; error: ItemError }>,
): void {
	const refused = checked.find((item) => !item.ok);
	if (refused !== undefined && !refused.ok && !keepsFailedItems(context)) throw refused.error;
}

/**
 * The node's output: one item for each input item, paired and in order.
 *
 * @throws the first item's error, unless the node continues on errors
 */
export function toOutput(
	context: Pick<IExecuteFunctions, 'getNode' | 'continueOnFail'>,
	outcomes: readonly ItemOutcome[],
): INodeExecutionData[][] {
	refuseUnlessContinuing(context, outcomes);
	if (isTool(context)) return [outcomes.map(toToolItem)];
	const isSplit = hasErrorOutput(context);
	return [outcomes.map((outcome, itemIndex) => toItem(outcome, itemIndex, isSplit))];
}

/**
 * The output of a run. What goes wrong with the run as a whole becomes an n8n error, or, when the
 * node continues on errors or is a tool, one error item for each input item: n8n would pass on the
 * input as if nothing had happened.
 */
export async function settleRun(
	context: IExecuteFunctions,
	work: Promise<INodeExecutionData[][]>,
): Promise<INodeExecutionData[][]> {
	return await work.catch((thrown: unknown) => {
		const error = toItemError(context, thrown, 0);
		if (!keepsFailedItems(context)) throw error;
		const failed: ItemOutcome = { ok: false, error };
		return toOutput(
			context,
			context.getInputData().map(() => failed),
		);
	});
}
