import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { type ApiClient, toCreateBody } from '../api/client';
import { Failure, Refusal, type Settled, Unreached, valuesOf } from '../api/failure';
import { checkResumeAddress } from '../callback/resumeAddress';
import { showHints } from '../n8n/hints';
import { settingsOf } from '../parameters/settings';
import { dryRunOption, readDryRun } from '../parameters/spending';
import { resultHints } from '../result/hints';
import type { ItemOutcome } from '../result/item';
import { checkRun, describeCost } from './createTasks';
import { Journal } from './journal';
import type { Preparing } from './prepare';
import { isToBuy, type Prepared, type Request } from './request';

/**
 * Whether nothing is to be created in this run. All items that can say have to agree: one that was
 * meant as a try must not be paid for.
 */
export function isDryRun(
	context: Pick<IExecuteFunctions, 'getInputData' | 'getNodeParameter' | 'getNode'>,
): Settled<boolean> {
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

/**
 * What Create would send for each item. Everything is checked as for a real run, the balance
 * included, and nothing is created, spent or noted for later tries.
 */
export async function previewTasks(
	context: IExecuteFunctions,
	preparing: Omit<Preparing, 'journal'>,
): Promise<ItemOutcome[]> {
	const prepared = await checkRun(context, { ...preparing, journal: emptyJournal() });
	const shut = prepared.some(callsExecution) ? await checkResumeAddress(context) : null;
	const checked = prepared.map((item) => (shut !== null && callsExecution(item) ? shut : item));
	const requests = checked.filter(isToBuy).map(({ request }) => request.summary);
	const spent = new Map<ApiClient, number>();
	const outcomes = checked.map((item): ItemOutcome => {
		if (item instanceof Failure) return item;
		if (!isToBuy(item)) return new Unreached();
		const { client, request, balance = null } = item;
		const soFar = (spent.get(client) ?? 0) + request.summary.estimatedCredits;
		spent.set(client, soFar);
		const balanceAfter = balance === null ? null : balance - soFar;
		return { json: { ...toPreview(request), balance, balanceAfter } };
	});
	const summary = `Dry run: nothing was created or spent. A real run makes ${describeCost(requests)}.`;
	showHints(context, [
		...resultHints(outcomes, requests.length === 0 ? [] : [summary]),
		...preparing.targets.hints(),
	]);
	return outcomes;
}

function callsExecution(item: Settled<Prepared>): boolean {
	return !(item instanceof Failure) && item.request?.summary.callback === 'execution';
}

function emptyJournal(): Journal {
	const log = { sending: () => {}, created: () => {}, unclear: () => {} };
	const run = { executionId: '', runIndex: 0, isTool: false, written: null, place: null };
	return new Journal({}, run, log);
}

/** A resume address is a key to the execution, so it stays out of the data. */
const RESUME_ADDRESS = '(the resume address of the execution)';

function toPreview({ input, summary }: Request): IDataObject {
	const callbackUrl = summary.callback === 'execution' ? RESUME_ADDRESS : summary.callbackUrl;
	const body: IDataObject = { ...toCreateBody(input, callbackUrl) };
	return { dryRun: true, estimatedCredits: summary.estimatedCredits, request: body };
}
