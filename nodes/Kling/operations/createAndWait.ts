import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClient } from '../api/client';
import { toOutput } from '../items';
import { createdIdsOf, createTasks, describeRequest, namingCreated } from './createTasks';
import { readWaitSettings } from './parameters';
import type { WaitingItem } from './waitForTasks';
import { pollForTasks } from './waitForTasks';

/** Create and Wait: one new task for each item, passed on once it is finished. */
export async function createAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const settings = readWaitSettings(context);
	const client = await openClient(context, { signal: context.getExecutionCancelSignal() });
	const creations = await createTasks(context, client);
	const items = creations.map((creation): WaitingItem => {
		if (!creation.ok) return creation;
		const { created } = creation;
		return { ok: true, taskId: created.taskId, extras: describeRequest(created) };
	});
	const outcomes = await pollForTasks(context, items, settings);
	const failed = outcomes.find((outcome) => !outcome.ok);
	if (failed !== undefined && !failed.ok && !context.continueOnFail()) {
		throw namingCreated(failed.error, createdIdsOf(creations));
	}
	return toOutput(context, outcomes);
}
