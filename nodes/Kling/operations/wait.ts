import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { recall } from '../callback/awaited';
import { recordTasks } from '../n8n/customData';
import { isTool } from '../n8n/execution';
import { maySleep } from '../n8n/modes';
import { readForRun, type Settings, settingsOf } from '../parameters/read';
import { readResultSettings } from '../parameters/result';
import { readTaskId } from '../parameters/taskId';
import { readWaitSettings } from '../parameters/waiting';
import { showHints } from '../n8n/hints';
import { resultHints } from '../result/hints';
import { checkItems, toOutput } from '../result/output';
import { suspendedOutput } from '../waiting/suspend';
import type { WaitingItem } from '../waiting/waitForTasks';
import { waitByPolling, waitSuspended } from '../waiting/waitForTasks';

/** Wait for Video: each item's task once it is finished. */
export async function wait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const read = (settings: Settings) => readWaitSettings(settings, isTool(context));
	const settings = readForRun(context, read);
	const checked = checkItems(context, (itemIndex) => {
		const itemSettings = settingsOf(context, itemIndex);
		read(itemSettings);
		return { taskId: readTaskId(itemSettings), result: readResultSettings(itemSettings) };
	});
	const items = checked.map(
		(item): WaitingItem => (item.ok ? { ok: true, ...item.value, extras: {} } : item),
	);
	recordTasks(
		context,
		items.flatMap((item) => (item.ok ? [item.taskId] : [])),
	);
	const { strategy } = settings;
	const suspends =
		strategy === 'callback' ||
		(strategy === 'auto' && maySleep(context) && callBackAll(context, items));
	const waitForAll = suspends ? waitSuspended : waitByPolling;
	const outcomes = await waitForAll(context, items, settings);
	if (outcomes === null) return suspendedOutput();
	showHints(context, resultHints(outcomes));
	return toOutput(context, outcomes);
}

/** Whether a callback to this execution will tell of every task: one that polls needs no other. */
function callBackAll(context: IExecuteFunctions, items: readonly WaitingItem[]): boolean {
	return items.every(
		(item) => !item.ok || recall(context, item.taskId)?.callsThisExecution === true,
	);
}
