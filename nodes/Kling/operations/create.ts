import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClients } from '../api/client';
import { openTargets } from '../callback/target';
import { createdToOutcome, createTasks, spendingHints } from '../creating/createTasks';
import { previewTasks } from '../creating/dryRun';
import { payingRun } from '../creating/payingRun';
import { readDryRunOfAll } from '../parameters/dryRun';
import { settingsOf } from '../parameters/read';
import { readSpending } from '../parameters/spending';
import { showHints } from '../n8n/hints';

/** Create Video: one new task for each item. */
export async function create(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await payingRun(context, async (journal) => {
		const spending = readSpending(settingsOf(context, 0));
		const targets = openTargets(context);
		const clients = openClients(context);
		if (readDryRunOfAll(context)) return await previewTasks(context, clients, targets, spending);
		const creations = await createTasks(context, { clients, journal, targets }, spending);
		showHints(context, [...targets.hints(), ...spendingHints(creations)]);
		return creations.map(createdToOutcome);
	});
}
