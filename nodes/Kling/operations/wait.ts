import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { toOutput } from '../items';
import { readWaitSettings } from './parameters';
import { readTaskIds } from './taskIds';
import type { WaitingItem } from './waitForTasks';
import { pollForTasks } from './waitForTasks';

/** Wait: each item's task once it is finished. */
export async function wait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const settings = readWaitSettings(context);
	const items = readTaskIds(context).map(
		(item): WaitingItem => (item.ok ? { ...item, extras: {} } : item),
	);
	return toOutput(context, await pollForTasks(context, items, settings));
}
