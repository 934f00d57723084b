import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { isReachableFromApi } from '../api/address';
import { openClient } from '../api/client';
import type { CallbackTarget } from '../callback/target';
import { NO_CALLBACK, resolveExecution, unreachableHint } from '../callback/target';
import { createdIdsOf, createTasks, describeRequest, spendingHints } from '../creating/createTasks';
import { isTool, readResumeUrl } from '../n8n/execution';
import { settingsOf } from '../parameters/read';
import { readSpending } from '../parameters/spending';
import type { WaitStrategy } from '../parameters/waiting';
import { readWaitSettings } from '../parameters/waiting';
import { showHints } from '../result/hints';
import { toOutput } from '../result/output';
import type { WaitingItem } from '../waiting/waitForTasks';
import { waitByPolling, waitSuspended } from '../waiting/waitForTasks';

/** Create Video and Wait: one new task for each item, passed on once it is finished. */
export async function createAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const settings = readWaitSettings(settingsOf(context, 0), isTool(context));
	const spending = readSpending(settingsOf(context, 0));
	const client = await openClient(context, { signal: context.getExecutionCancelSignal() });
	const { target, hints } = resolveTarget(context, settings.strategy, client.baseUrl);

	const creations = await createTasks(context, client, { resolve: () => target }, spending);
	showHints(context, [...hints, ...spendingHints(creations)]);

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
	const suspends =
		target.callbackUrl !== undefined &&
		creations.every(
			(creation) => !creation.ok || creation.created.callbackUrl === target.callbackUrl,
		);
	const waitForAll = suspends ? waitSuspended : waitByPolling;
	return toOutput(context, await waitForAll(context, items, settings), createdIdsOf(creations));
}

function resolveTarget(
	context: IExecuteFunctions,
	strategy: WaitStrategy,
	apiBaseUrl: string,
): { target: CallbackTarget; hints: string[] } {
	if (strategy === 'poll') return { target: NO_CALLBACK, hints: [] };
	const url = readResumeUrl(context);
	if (strategy === 'auto' && (url === null || !isReachableFromApi(url, apiBaseUrl))) {
		return { target: NO_CALLBACK, hints: url === null ? [] : [unreachableHint(url)] };
	}
	return { target: resolveExecution(context, apiBaseUrl, 'Wait Strategy'), hints: [] };
}
