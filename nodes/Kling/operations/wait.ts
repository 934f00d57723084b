import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { readResumeUrl } from '../execution';
import { toOutput } from '../items';
import { isAwaited } from '../waiting/awaited';
import { readWaitSettings } from './parameters';
import { readTaskIds } from './taskIds';
import type { WaitingItem } from './waitForTasks';
import { waitByPolling, waitSuspended } from './waitForTasks';

/** Wait: each item's task once it is finished. */
export async function wait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const settings = readWaitSettings(context);
	const items = readTaskIds(context).map(
		(item): WaitingItem => (item.ok ? { ...item, extras: {} } : item),
	);
	const { strategy } = settings;
	const suspends =
		strategy === 'callback' || (strategy === 'auto' && areAllAwaited(context, items));
	const waitForAll = suspends ? waitSuspended : waitByPolling;
	return toOutput(context, await waitForAll(context, items, settings));
}

/** Whether a callback to this execution will tell of every task: one that polls needs no other. */
function areAllAwaited(context: IExecuteFunctions, items: readonly WaitingItem[]): boolean {
	const resumeUrl = readResumeUrl(context);
	return items.every(
		(item, itemIndex) => !item.ok || isAwaited(context, itemIndex, item.taskId, resumeUrl),
	);
}
