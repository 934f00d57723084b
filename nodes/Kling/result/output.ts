import type { INodeExecutionData } from 'n8n-workflow';

import { Failure } from '../api/failure';
import { isTool, type ToolContext } from '../n8n/execution';
import { type ItemError, type ItemOutcome, paired, toItem, toNodeError } from './item';

/** The node's output: one item for each input item, paired and in order. */
export function toOutput(
	context: ToolContext,
	outcomes: readonly ItemOutcome[],
): INodeExecutionData[][] {
	const toOne = isTool(context) ? toToolItem : toItem;
	return [outcomes.map((outcome, itemIndex) => toOne(context, outcome, itemIndex))];
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
	const happened = message.replace(ITEM_NUMBER, '');
	return [happened, description ?? '']
		.filter((text) => text !== '')
		.map(asSentence)
		.join(' ');
}

/** At the end of a message (n8n: guidelines for error texts). */
const ITEM_NUMBER = / \[item \d+\]$/;

function asSentence(text: string): string {
	return /[.!?]”?$/.test(text) ? text : `${text}.`;
}
