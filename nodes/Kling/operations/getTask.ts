import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClients } from '../api/client';
import { mapConcurrently } from '../n8n/async';
import { orThrow } from '../parameters/read';
import { collect, settingsOf } from '../parameters/settings';
import { readResult } from '../parameters/result';
import { readTaskId } from '../parameters/taskId';
import { readThrowOnFailure } from '../parameters/waiting';
import { showHints } from '../n8n/hints';
import { resultHints } from '../result/hints';
import type { ItemOutcome } from '../result/item';
import { checkItems, settleItem, toOutput } from '../result/output';
import { readingToOutcome } from '../result/reading';
import { READ_CONCURRENCY } from '../waiting/poll';

/** Get Video: each item's task as it is now. */
export async function getTask(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = checkItems(context, (itemIndex) => {
		const settings = settingsOf(context, itemIndex);
		const { result, ...others } = orThrow(
			collect({
				taskId: readTaskId(settings),
				result: readResult(settings),
				failsItem: readThrowOnFailure(settings),
			}),
		);
		return { ...others, ...result };
	});
	const signal = context.getExecutionCancelSignal();
	const { clientFor } = openClients(context);
	const outcomes = await mapConcurrently(
		items,
		READ_CONCURRENCY,
		async (item, itemIndex): Promise<ItemOutcome> => {
			if (!item.ok) return item;
			const { taskId, ...options } = item.value;
			return await settleItem(
				context,
				itemIndex,
				async () => {
					const client = await clientFor(itemIndex);
					return await readingToOutcome(context, itemIndex, await client.getTask(taskId), {
						...options,
						signal,
					});
				},
				taskId,
			);
		},
	);
	const settled = outcomes.filter((outcome) => outcome !== undefined);
	showHints(context, resultHints(settled));
	return toOutput(context, settled);
}
