import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, type Settled, valuesOf } from '../api/failure';
import { openWaitTargets } from '../callback/target';
import { spendingHints } from '../creating/budget';
import { createTasks } from '../creating/createTasks';
import { previewTasks } from '../creating/dryRun';
import type { Journal } from '../creating/journal';
import { isTool } from '../n8n/execution';
import { showHints } from '../n8n/hints';
import type { Settings } from '../parameters/settings';
import { readWait } from '../parameters/waiting';
import { resultHints } from '../result/hints';
import { endedBy, type ItemOutcome } from '../result/item';
import { readWaitOfRun, waitAsleep, waitByPolling } from '../waiting/wait';

/** Create Video and Wait: one new task for each item, passed on once it is finished. */
export async function createAndWait(
	context: IExecuteFunctions,
	journal: Journal,
): Promise<Settled<ItemOutcome[] | null>> {
	const waiting = readWaitOfRun(context);
	if (waiting instanceof Failure) return waiting;
	const { strategy } = waiting;
	const targets = openWaitTargets(context, strategy);
	const creating = {
		context,
		journal,
		targets,
		readWait: (settings: Settings) => readWait(settings, isTool(context)),
	};
	const preview = await previewTasks(creating);
	if (preview !== null) return preview;
	const created = await createTasks(creating);
	const endedEarly = endedBy(context, created);
	if (endedEarly !== null) return endedEarly;
	const isCalled = valuesOf(created).every(({ task }) => task.callsThisExecution);
	const sleeps = strategy === 'callback' || (strategy === 'auto' && isCalled);
	const outcomes = await (sleeps ? waitAsleep : waitByPolling)(context, created, waiting);
	const known = outcomes ?? [];
	showHints(context, [...resultHints(known, spendingHints(created, known)), ...targets.hints()]);
	return outcomes;
}
