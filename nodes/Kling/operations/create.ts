import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, type Settled, valuesOf } from '../api/failure';
import { Targets } from '../callback/target';
import { checkRun, spendingHints } from '../creating/budget';
import { createTasks } from '../creating/createTasks';
import { previewTasks, readDryRunOfRun } from '../creating/dryRun';
import type { Journal } from '../creating/journal';
import type { Created } from '../creating/prepare';
import { CancelledError } from '../n8n/async';
import { showHints } from '../n8n/hints';
import type { WaitStrategy } from '../parameters/waiting';
import { resultHints } from '../result/hints';
import { endedBy, type ItemOutcome } from '../result/item';
import { createdOutcome } from '../result/reading';
import { stayAwake } from '../waiting/suspend';
import { lookAfterTriggers } from '../waiting/triggerLooks';
import { readWaitOfRun, waitAsleep, waitByPolling } from '../waiting/wait';
import type { Operation } from './run';

/** Create Video: one new task for each item. */
export const create: Operation = async (context, journal) => {
	// Create never sleeps, but a node of n8n's own may come next, which has no such delay.
	await stayAwake(context);
	return await createAndGoOn(context, journal, null, async (created) =>
		created.map((item) => (item instanceof Failure ? item : createdOutcome(item.task))),
	);
};

/** Create Video and Wait: one new task for each item, passed on once it is finished. */
export const createAndWait: Operation = async (context, journal) => {
	const waiting = readWaitOfRun(context);
	if (waiting instanceof Failure) return waiting;
	const { strategy } = waiting;
	return await createAndGoOn(context, journal, strategy, async (created) => {
		const ended = endedBy(context, created);
		if (ended !== null) return ended;
		const isCalled = valuesOf(created).every(({ task }) => task.callsThisExecution);
		const sleeps = strategy === 'callback' || (strategy === 'auto' && isCalled);
		return await (sleeps ? waitAsleep : waitByPolling)(context, created, waiting);
	});
};

/**
 * @param strategy how it waits for its tasks; null where it does not
 * @param goOn from the tasks to the outcomes; null once it has suspended the execution
 */
async function createAndGoOn(
	context: IExecuteFunctions,
	journal: Journal,
	strategy: WaitStrategy | null,
	goOn: (created: Array<Settled<Created>>) => Promise<ItemOutcome[] | null>,
): Promise<Settled<ItemOutcome[] | null>> {
	const isDryRun = readDryRunOfRun(context);
	if (isDryRun instanceof Failure) return isDryRun;
	const targets = new Targets(context);
	const items = await checkRun({ context, journal: isDryRun ? null : journal, targets, strategy });
	if (isDryRun) return await previewTasks(context, items, targets);
	const created = await createTasks(context, journal, items);
	// Also for a run that was stopped: its callbacks may get lost like others.
	await lookAfterTriggers(context, created);
	if (context.getExecutionCancelSignal()?.aborted === true) throw new CancelledError();
	const outcomes = await goOn(created);
	const known = outcomes ?? [];
	const costs = spendingHints(created, known);
	showHints(context, [...resultHints(known, costs), ...targets.hints]);
	return outcomes;
}
