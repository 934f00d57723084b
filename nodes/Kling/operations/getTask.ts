import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClient } from '../api/client';
import { mapConcurrently } from '../flow';
import { showHints, videoLinks } from '../hints';
import type { ItemOutcome } from '../items';
import { settleItem, toOutput } from '../items';
import { READ_CONCURRENCY } from '../waiting/poll';
import { readOptions, readResultOptions } from './parameters';
import { readingToOutcome } from './result';
import { readTaskIds } from './taskIds';

/** Get Task: each item's task as it is now. */
export async function getTask(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const taskIds = readTaskIds(context);
	const signal = context.getExecutionCancelSignal();
	const client = await openClient(context, { signal });
	const outcomes = await mapConcurrently(
		taskIds,
		READ_CONCURRENCY,
		async (item, itemIndex): Promise<ItemOutcome> => {
			if (!item.ok) return item;
			const { taskId } = item;
			return await settleItem(
				context,
				itemIndex,
				async () =>
					await readingToOutcome(context, itemIndex, await client.getTask(taskId), {
						...readResultOptions(context, itemIndex),
						signal,
						failsItem: readOptions(context, itemIndex).throwOnFailure === true,
					}),
				taskId,
			);
		},
	);
	const settled = outcomes.filter((outcome) => outcome !== undefined);
	showHints(context, videoLinks(settled));
	return toOutput(context, settled);
}
