import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClients } from '../api/client';
import { openTargets } from '../callback/target';
import { createdToOutcome, createTasks, spendingHints } from '../creating/createTasks';
import { previewTasks } from '../creating/dryRun';
import { readDryRunOfAll } from '../parameters/dryRun';
import { settingsOf } from '../parameters/read';
import { readSpending } from '../parameters/spending';
import { showHints } from '../result/hints';
import { toOutput } from '../result/output';

/** Create Video: one new task for each item. */
export async function create(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const spending = readSpending(settingsOf(context, 0));
	const targets = openTargets(context);
	const clients = openClients(context);
	if (readDryRunOfAll(context)) {
		const { outcomes, hints } = await previewTasks(context, clients, targets, spending);
		showHints(context, hints);
		return toOutput(context, outcomes);
	}
	const creations = await createTasks(context, clients, targets, spending);
	showHints(context, [...targets.hints(), ...spendingHints(creations)]);
	return toOutput(context, creations.map(createdToOutcome));
}
