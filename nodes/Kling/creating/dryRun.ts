import type { IExecuteFunctions } from 'n8n-workflow';

import { type ApiClient, toCreateBody } from '../api/client';
import { Failure, Refusal, type Settled, Unreached, valuesOf } from '../api/failure';
import { checkResumeAddress } from '../callback/resumeAddress';
import type { Targets } from '../callback/target';
import { showHints } from '../n8n/hints';
import { settingsOf } from '../parameters/settings';
import { dryRunOption, readDryRun } from '../parameters/spending';
import { resultHints } from '../result/hints';
import type { ItemOutcome } from '../result/item';
import { describeCost, summariesOf } from './budget';
import { isToBuy, type Items } from './prepare';

const RESUME_ADDRESS = '(the resume address of the execution)';

/** All items that can say have to agree: one that was meant as a try must not be paid for. */
export function readDryRunOfRun(context: IExecuteFunctions): Settled<boolean> {
	const said = context
		.getInputData()
		.map((_, itemIndex) => readDryRun(settingsOf(context, itemIndex)));
	const wanted = new Set(valuesOf(said));
	if (wanted.size < 2) return wanted.has(true);
	return new Refusal(
		`'${dryRunOption.displayName}' is on for some items and off for others`,
		'Set it to the same for all items of a run, or send them through two nodes.',
	);
}

/** What Create would send for each checked item. Nothing is created, spent or noted. */
export async function previewTasks(
	context: IExecuteFunctions,
	items: Items,
	targets: Targets,
): Promise<ItemOutcome[]> {
	const shut = items.some(callsExecution) ? await checkResumeAddress(context) : null;
	const checked = items.map((item) => (callsExecution(item) ? (shut ?? item) : item));
	const spent = new Map<ApiClient, number>();
	const outcomes = checked.map((item): ItemOutcome => {
		if (!isToBuy(item)) return item instanceof Failure ? item : new Unreached();
		const { client, request, balance = null } = item;
		const { callback, callbackUrl, estimatedCredits } = request.summary;
		const soFar = (spent.get(client) ?? 0) + estimatedCredits;
		spent.set(client, soFar);
		const body = toCreateBody(
			request.input,
			callback === 'execution' ? RESUME_ADDRESS : callbackUrl,
		);
		const balanceAfter = balance === null ? null : balance - soFar;
		return { json: { dryRun: true, estimatedCredits, request: body, balance, balanceAfter } };
	});
	const requests = summariesOf(checked);
	const summary = `Dry run: nothing was created or spent. A real run makes ${describeCost(requests)}.`;
	const costs = requests.length === 0 ? [] : [summary];
	showHints(context, [...resultHints(outcomes, costs), ...targets.hints]);
	return outcomes;
}

function callsExecution(item: Items[number]): boolean {
	return isToBuy(item) && item.request.summary.callback === 'execution';
}
