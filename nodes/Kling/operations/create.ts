import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClient } from '../api/client';
import { openTargets } from '../callback/target';
import { createdToOutcome, createTasks, spendingHints } from '../creating/createTasks';
import { settingsOf } from '../parameters/read';
import { readSpending } from '../parameters/spending';
import { showHints } from '../result/hints';
import { toOutput } from '../result/output';

/** Create Video: one new task for each item. */
export async function create(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const spending = readSpending(settingsOf(context, 0));
	const client = await openClient(context, { signal: context.getExecutionCancelSignal() });
	const targets = openTargets(context, client.baseUrl);
	const creations = await createTasks(context, client, targets, spending);
	showHints(context, [...targets.hints(), ...spendingHints(creations)]);
	return toOutput(context, creations.map(createdToOutcome));
}
