import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClient } from '../api/client';
import { isReachableFromApi } from '../callback/address';
import type { CallbackChoice } from '../callback/choice';
import { chooseExecution, NO_CALLBACK, unreachableHint } from '../callback/choice';
import { readResumeUrl } from '../execution';
import { showHints } from '../hints';
import { toOutput } from '../items';
import type { WaitStrategy } from '../waiting/strategy';
import { createdIdsOf, createTasks, describeRequest, spendingHints } from './createTasks';
import { readWaitSettings } from './parameters';
import type { WaitingItem } from './waitForTasks';
import { waitByPolling, waitSuspended } from './waitForTasks';

/** Create and Wait: one new task for each item, passed on once it is finished. */
export async function createAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const settings = readWaitSettings(context);
	const client = await openClient(context, { signal: context.getExecutionCancelSignal() });
	const { choice, hints } = chooseCallback(context, settings.strategy, client.baseUrl);

	const creations = await createTasks(context, client, () => choice);
	showHints(context, [...hints, ...spendingHints(creations)]);

	const items = creations.map((creation): WaitingItem => {
		if (!creation.ok) return creation;
		const { created } = creation;
		return { ok: true, taskId: created.taskId, extras: describeRequest(created) };
	});
	// Tasks that an earlier execution created call that one back, not this.
	const suspends =
		choice.callbackUrl !== undefined &&
		creations.every(
			(creation) => !creation.ok || creation.created.callbackUrl === choice.callbackUrl,
		);
	const waitForAll = suspends ? waitSuspended : waitByPolling;
	return toOutput(context, await waitForAll(context, items, settings), createdIdsOf(creations));
}

function chooseCallback(
	context: IExecuteFunctions,
	strategy: WaitStrategy,
	apiBaseUrl: string,
): { choice: CallbackChoice; hints: string[] } {
	if (strategy === 'poll') return { choice: NO_CALLBACK, hints: [] };
	const url = readResumeUrl(context);
	if (strategy === 'auto' && (url === null || !isReachableFromApi(url, apiBaseUrl))) {
		return { choice: NO_CALLBACK, hints: url === null ? [] : [unreachableHint(url)] };
	}
	return { choice: chooseExecution(context, apiBaseUrl, 'Wait Strategy'), hints: [] };
}
