import type { INodeExecutionData } from 'n8n-workflow';

import { isTool, type ToolContext } from '../n8n/execution';
import { type ItemOutcome, toItem } from './item';
import { toToolItem } from './tool';

/** The node's output: one item for each input item, paired and in order. */
export function toOutput(
	context: ToolContext,
	outcomes: readonly ItemOutcome[],
): INodeExecutionData[][] {
	const toOne = isTool(context) ? toToolItem : toItem;
	return [outcomes.map((outcome, itemIndex) => toOne(context, outcome, itemIndex))];
}
