import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClient } from '../api/client';
import { toOutput } from '../items';
import { createdToOutcome, createTasks } from './createTasks';

/** Create: one new task for each item. */
export async function create(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const client = await openClient(context, { signal: context.getExecutionCancelSignal() });
	const creations = await createTasks(context, client);
	return toOutput(context, creations.map(createdToOutcome));
}
