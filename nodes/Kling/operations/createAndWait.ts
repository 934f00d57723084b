import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { isReachableFromApi } from '../api/address';
import { openClients } from '../api/client';
import type { CallbackTarget, Targets } from '../callback/target';
import { NO_CALLBACK, resolveExecution, unreachableHint } from '../callback/target';
import { createdIdsOf, createTasks, describeRequest, spendingHints } from '../creating/createTasks';
import { isTool, readResumeUrl } from '../n8n/execution';
import { previewTasks } from '../creating/dryRun';
import { readDryRunOfAll } from '../parameters/dryRun';
import { settingsOf } from '../parameters/read';
import { readSpending } from '../parameters/spending';
import type { WaitStrategy } from '../parameters/waiting';
import { readWaitSettings } from '../parameters/waiting';
import { showHints } from '../result/hints';
import { toOutput } from '../result/output';
import { suspendedOutput } from '../waiting/suspend';
import type { WaitingItem } from '../waiting/waitForTasks';
import { waitByPolling, waitSuspended } from '../waiting/waitForTasks';

/** Create Video and Wait: one new task for each item, passed on once it is finished. */
export async function createAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const settings = readWaitSettings(settingsOf(context, 0), isTool(context));
	const spending = readSpending(settingsOf(context, 0));
	const targets = openWaitTargets(context, settings.strategy);

	const clients = openClients(context);
	if (readDryRunOfAll(context)) {
		const { outcomes, hints } = await previewTasks(context, clients, targets, spending);
		showHints(context, hints);
		return toOutput(context, outcomes);
	}
	const creations = await createTasks(context, clients, targets, spending);
	showHints(context, [...targets.hints(), ...spendingHints(creations)]);

	const items = creations.map((creation): WaitingItem => {
		if (!creation.ok) return creation;
		const { created } = creation;
		return {
			ok: true,
			taskId: created.taskId,
			result: created.result,
			extras: describeRequest(created),
		};
	});
	// Tasks that an earlier execution created call that one back, not this.
	const resumeUrl = readResumeUrl(context);
	const suspends =
		resumeUrl !== null &&
		creations.every((creation) => !creation.ok || creation.created.callbackUrl === resumeUrl);
	const waitForAll = suspends ? waitSuspended : waitByPolling;
	const outcomes = await waitForAll(context, items, settings);
	return outcomes === null
		? suspendedOutput()
		: toOutput(context, outcomes, createdIdsOf(creations));
}

function openWaitTargets(context: IExecuteFunctions, strategy: WaitStrategy): Targets {
	const url = readResumeUrl(context);
	const unreachable = new Set<string>();
	const resolve = (apiBaseUrl: string): CallbackTarget => {
		if (strategy === 'poll') return NO_CALLBACK;
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
