import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { isReachableFromApi } from '../api/address';
import { openClients } from '../api/client';
import type { CallbackTarget, Targets } from '../callback/target';
import { NO_CALLBACK, resolveExecution, unreachableHint } from '../callback/target';
import type { Creation } from '../creating/createTasks';
import { createTasks, describeRequest, spendingHints } from '../creating/createTasks';
import { payingRun } from '../creating/payingRun';
import { isSubWorkflow, isTool, readResumeUrl } from '../n8n/execution';
import { previewTasks } from '../creating/dryRun';
import { readDryRun } from '../parameters/dryRun';
import { orThrow, readDryRunOfAll, readForRun } from '../parameters/read';
import type { Settings } from '../parameters/settings';
import type { WaitStrategy } from '../parameters/waiting';
import { readWait } from '../parameters/waiting';
import { showHints } from '../n8n/hints';
import { resultHints } from '../result/hints';
import { suspendedOutput } from '../waiting/suspend';
import type { WaitingItem } from '../waiting/waitForTasks';
import { waitByPolling, waitSuspended } from '../waiting/waitForTasks';

/** Create Video and Wait: one new task for each item, passed on once it is finished. */
export async function createAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const output = await payingRun(context, async (journal) => {
		const read = (settings: Settings) => orThrow(readWait(settings, isTool(context)));
		const settings = readForRun(context, read);
		const targets = openWaitTargets(context, settings.strategy);
		const preparing = { clients: openClients(context), targets, check: read };
		if (readDryRunOfAll(context, (settings) => orThrow(readDryRun(settings))))
			return await previewTasks(context, preparing);
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
	const resumeUrl = readResumeUrl(context);
	return (
		resumeUrl !== null &&
		creations.every((creation) => !creation.ok || creation.created.callbackUrl === resumeUrl)
	);
}

function openWaitTargets(context: IExecuteFunctions, strategy: WaitStrategy): Targets {
	const url = readResumeUrl(context);
	const unreachable = new Set<string>();
	const resolve = (apiBaseUrl: string): CallbackTarget => {
		if (strategy === 'poll') return NO_CALLBACK;
		if (strategy === 'auto' && isSubWorkflow(context)) return NO_CALLBACK;
		if (strategy === 'callback') return resolveExecution(context, apiBaseUrl, 'Wait Strategy');
		if (url === null) return NO_CALLBACK;
		if (isReachableFromApi(url, apiBaseUrl)) return { callback: 'execution', callbackUrl: url };
		unreachable.add(url);
		return NO_CALLBACK;
	};
	return {
		resolve: (_, apiBaseUrl) => resolve(apiBaseUrl),
		hints: () => [...unreachable].map(unreachableHint),
	};
}
