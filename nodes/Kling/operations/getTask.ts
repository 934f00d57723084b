import type { IExecuteFunctions } from 'n8n-workflow';

import { openClients } from '../api/client';
import { Failure } from '../api/failure';
import { mapConcurrently } from '../n8n/async';
import { showHints } from '../n8n/hints';
import { readResult } from '../parameters/result';
import { collect, settingsOf } from '../parameters/settings';
import { namedTask, readTaskId } from '../parameters/taskId';
import { readThrowOnFailure } from '../parameters/waiting';
import { resultHints, runningHints } from '../result/hints';
import { endedBy, hasErrorOutput, type ItemOutcome } from '../result/item';
import { readingToOutcome } from '../result/reading';
import { READ_CONCURRENCY } from '../waiting/look';

/** Get Video: each item's task as it is now. */
export async function getTask(context: IExecuteFunctions): Promise<ItemOutcome[]> {
	const items = context.getInputData().map((_, itemIndex) => {
		const settings = settingsOf(context, itemIndex);
		const read = collect({
			taskId: readTaskId(settings),
			result: readResult(settings),
			throwOnFailure: readThrowOnFailure(settings),
		});
		return read instanceof Failure ? read.about(namedTask(settings)) : read;
	});
	const ended = endedBy(context, items);
	if (ended !== null) return ended;
	const clientFor = openClients(context);
	const outcomes = await mapConcurrently(items, READ_CONCURRENCY, async (item, itemIndex) => {
		if (item instanceof Failure) return item;
		const client = await clientFor(itemIndex);
		const reading = client instanceof Failure ? client : await client.getTask(item.taskId);
		if (reading instanceof Failure) return reading.about(item.taskId);
		return await readingToOutcome(context, reading, {
			...item.result,
			failsItem: item.throwOnFailure || hasErrorOutput(context),
			signal: context.getExecutionCancelSignal(),
		});
	});
	showHints(context, [...resultHints(outcomes), ...runningHints(outcomes, Date.now())]);
	return outcomes;
}
