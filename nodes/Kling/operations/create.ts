import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClient } from '../api/client';
import { openChooser } from '../callback/choice';
import { showHints } from '../hints';
import { toOutput } from '../items';
import { createdToOutcome, createTasks, spendingHints } from './createTasks';

/** Create: one new task for each item. */
export async function create(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const client = await openClient(context, { signal: context.getExecutionCancelSignal() });
	const chooser = openChooser(context, client.baseUrl);
	const creations = await createTasks(context, client, chooser.choose);
	showHints(context, [...chooser.hints(), ...spendingHints(creations)]);
	return toOutput(context, creations.map(createdToOutcome));
}
