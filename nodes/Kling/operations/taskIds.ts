import type { IExecuteFunctions } from 'n8n-workflow';

import type { ItemError } from '../items';
import { toItemError } from '../items';
import { parseTaskId } from '../task/request';

export type TaskIdOfItem = { ok: true; taskId: string } | { ok: false; error: ItemError };

/**
 * Each item's Task ID, checked before anything is sent.
 *
 * @throws the first malformed one's error, unless the node continues on errors
 */
export function readTaskIds(context: IExecuteFunctions): TaskIdOfItem[] {
	const taskIds = context.getInputData().map((_, itemIndex): TaskIdOfItem => {
		try {
			return { ok: true, taskId: parseTaskId(context.getNodeParameter('taskId', itemIndex, '')) };
		} catch (thrown) {
			return { ok: false, error: toItemError(context, thrown, itemIndex) };
		}
	});
	const malformed = taskIds.find((item) => !item.ok);
	if (malformed !== undefined && !malformed.ok && !context.continueOnFail()) throw malformed.error;
	return taskIds;
}
