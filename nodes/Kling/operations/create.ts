import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { openTargets } from '../callback/target';
import { spendingHints } from '../creating/budget';
import { createTasks } from '../creating/createTasks';
import { previewTasks } from '../creating/dryRun';
import type { Journal } from '../creating/journal';
import { showHints } from '../n8n/hints';
import { resultHints } from '../result/hints';
import type { ItemOutcome } from '../result/item';
import { createdOutcome } from '../result/reading';
import { stayAwake } from '../waiting/suspend';
import { lookAfterTriggers } from '../waiting/triggerLooks';

/** Create Video: one new task for each item. */
export async function create(
	context: IExecuteFunctions,
	journal: Journal,
): Promise<Settled<ItemOutcome[]>> {
	const targets = openTargets(context);
	const creating = { context, journal, targets, readWait: () => null };
	const preview = await previewTasks(creating);
	if (preview !== null) return preview;
	// Create itself never sleeps, but the next node may: one of n8n's own does not stay awake.
	await stayAwake(context);
	const created = await createTasks(creating);
	await lookAfterTriggers(context, created);
	const outcomes = created.map((item) =>
		item instanceof Failure ? item : createdOutcome(item.task),
	);
	const costs = spendingHints(created, outcomes);
	showHints(context, [...resultHints(outcomes, costs), ...targets.hints()]);
	return outcomes;
}
