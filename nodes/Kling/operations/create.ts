import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClients } from '../api/client';
import { openTargets } from '../callback/target';
import { createdToOutcome, createTasks, spendingHints } from '../creating/createTasks';
import { previewTasks } from '../creating/dryRun';
import { payingRun } from '../creating/payingRun';
import { readDryRunOfAll } from '../parameters/dryRun';
import { showHints } from '../n8n/hints';

/** Create Video: one new task for each item. */
export async function create(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await payingRun(context, async (journal) => {
		const targets = openTargets(context);
		const preparing = { clients: openClients(context), targets };
		if (readDryRunOfAll(context)) return await previewTasks(context, preparing);
		const creations = await createTasks(context, { ...preparing, journal });
		showHints(context, [...targets.hints(), ...spendingHints(creations)]);
		return creations.map(createdToOutcome);
	});
}
