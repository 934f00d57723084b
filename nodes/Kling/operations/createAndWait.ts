import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClients } from '../api/client';
import { resumeAddressOf } from '../callback/resumeAddress';
import { openWaitTargets } from '../callback/target';
import type { Creation } from '../creating/createTasks';
import { createTasks, describeRequest, spendingHints } from '../creating/createTasks';
import { payingRun } from '../creating/payingRun';
import { isTool } from '../n8n/execution';
import { maySleep } from '../n8n/modes';
import { previewTasks } from '../creating/dryRun';
import { readDryRunOfAll } from '../parameters/dryRun';
import { readForRun, type Settings } from '../parameters/read';
import { readWaitSettings } from '../parameters/waiting';
import { showHints } from '../n8n/hints';
import { resultHints } from '../result/hints';
import { suspendedOutput } from '../waiting/suspend';
import type { WaitingItem } from '../waiting/waitForTasks';
import { waitByPolling, waitSuspended } from '../waiting/waitForTasks';

/** Create Video and Wait: one new task for each item, passed on once it is finished. */
export async function createAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const output = await payingRun(context, async (journal) => {
		const read = (settings: Settings) => readWaitSettings(settings, isTool(context));
		const settings = readForRun(context, read);
		const targets = openWaitTargets(context, settings.strategy, maySleep(context));
		const preparing = { clients: openClients(context), targets, check: read };
		if (readDryRunOfAll(context)) return await previewTasks(context, preparing);
		const creations = await createTasks(context, { ...preparing, journal });
		const waitForAll = callThisExecution(context, creations) ? waitSuspended : waitByPolling;
		const outcomes = await waitForAll(context, creations.map(toWaitingItem), settings);
		const ended = outcomes ?? [];
		showHints(context, [
			...targets.hints(),
			...spendingHints(creations, ended),
			...resultHints(ended),
		]);
		return outcomes;
	});
	return output ?? suspendedOutput();
}

function toWaitingItem(creation: Creation): WaitingItem {
	if (!creation.ok) return creation;
	const { taskId, result } = creation.created;
	return { ok: true, taskId, result, extras: describeRequest(creation.created) };
}

/** Whether all tasks call this execution back: those of an earlier execution call that one. */
function callThisExecution(context: IExecuteFunctions, creations: readonly Creation[]): boolean {
	const resumeUrl = resumeAddressOf(context);
	return (
		resumeUrl !== null &&
		creations.every((creation) => !creation.ok || creation.created.callbackUrl === resumeUrl)
	);
}
