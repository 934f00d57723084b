import type { IExecuteFunctions } from 'n8n-workflow';

import { type ClientFor, openClients } from '../api/client';
import { Failure, Unreached } from '../api/failure';
import { mapConcurrently } from '../n8n/async';
import { showHints } from '../n8n/hints';
import { readResult, type ResultSettings } from '../parameters/result';
import { collect, settingsOf } from '../parameters/settings';
import { readTaskId } from '../parameters/taskId';
import { readThrowOnFailure } from '../parameters/waiting';
import { resultHints } from '../result/hints';
import { endedBy, hasErrorOutput, type ItemOutcome } from '../result/item';
import { readingToOutcome } from '../result/reading';
import { READ_CONCURRENCY } from '../waiting/look';

/** Get Video: each item's task as it is now. */
export async function getTask(context: IExecuteFunctions): Promise<ItemOutcome[]> {
	const items = context.getInputData().map((_, itemIndex) => {
		const settings = settingsOf(context, itemIndex);
		return collect({
			taskId: readTaskId(settings),
			result: readResult(settings),
			throwOnFailure: readThrowOnFailure(settings),
		});
	});
	const ended = endedBy(context, items);
	if (ended !== null) return ended;
	const clientFor = openClients(context);
	const outcomes = await mapConcurrently(items, READ_CONCURRENCY, async (item, itemIndex) =>
		item instanceof Failure ? item : await readOne(context, clientFor, item, itemIndex),
	);
	const settled = outcomes.map((outcome) => outcome ?? new Unreached());
	showHints(context, resultHints(settled));
	return settled;
}

interface Asked {
	taskId: string;
	result: ResultSettings;
	throwOnFailure: boolean;
}

async function readOne(
	context: IExecuteFunctions,
	clientFor: ClientFor,
	{ taskId, result, throwOnFailure }: Asked,
	itemIndex: number,
): Promise<ItemOutcome> {
	const client = await clientFor(itemIndex);
	const reading = client instanceof Failure ? client : await client.getTask(taskId);
	if (reading instanceof Failure) return reading.about(taskId);
	return await readingToOutcome(context, reading, {
		...result,
		failsItem: throwOnFailure || hasErrorOutput(context),
		signal: context.getExecutionCancelSignal(),
	});
}
