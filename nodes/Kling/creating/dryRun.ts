import { type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';

import { toCreateBody } from '../api/client';
import { formatCredits } from '../api/pricing';
import { checkResumeAddress } from '../callback/resumeAddress';
import type { Targets } from '../callback/target';
import { showHints } from '../n8n/hints';
import type { ItemOutcome } from '../result/item';
import { checkRun } from './createTasks';
import { emptyJournal } from './journal';
import { isToCreate, type PreparedRequest, type Preparing } from './prepare';

/**
 * What Create would send for each item. Everything is checked as for a real run, the balance
 * included, and nothing is created, spent or noted for later tries.
 *
 * @throws the first item's error, unless failed items are passed on
 */
export async function previewTasks(
	context: IExecuteFunctions,
	preparing: Omit<Preparing, 'journal'> & { targets: Targets },
): Promise<ItemOutcome[]> {
	const { targets } = preparing;
	const prepared = await checkRun(context, { ...preparing, journal: emptyJournal() }, true);
	const requests = prepared.flatMap((item) => (isToCreate(item) ? [item.request] : []));
	if (requests.some(({ callback }) => callback === 'execution')) {
		const refusal = await checkResumeAddress(context);
		if (refusal !== null) {
			const { message, hint } = refusal;
			throw new NodeOperationError(context.getNode(), message, { description: hint });
		}
	}
	showHints(context, [...targets.hints(), summaryOf(requests)]);
	return prepared.flatMap((item) => {
		if (!item.ok) return [item];
		return isToCreate(item) ? [toPreview(item.request)] : [];
	});
}

/** A resume URL is a key to the execution, so it stays out of the data. */
const RESUME_URL = '<the resume URL of the execution>';

function toPreview({ input, callback, callbackUrl, ...request }: PreparedRequest): ItemOutcome {
	const body: IDataObject = {
		...toCreateBody(input, callback === 'execution' ? RESUME_URL : (callbackUrl ?? undefined)),
	};
	const { estimatedCredits } = request;
	return { ok: true, json: { dryRun: true, estimatedCredits, request: body } };
}

function summaryOf(requests: readonly PreparedRequest[]): string {
	const credits = requests.reduce((sum, { estimatedCredits }) => sum + estimatedCredits, 0);
	const videos = requests.length === 1 ? '1 video' : `${requests.length} videos`;
	return `Dry run: nothing was created or spent. A real run makes ${videos} for an estimated ${formatCredits(credits)} in all.`;
}
