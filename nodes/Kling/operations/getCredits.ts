import type { IExecuteFunctions } from 'n8n-workflow';

import { openClients } from '../api/client';
import { Failure } from '../api/failure';
import { estimateCredits } from '../api/pricing';
import { showHints } from '../n8n/hints';
import type { ItemOutcome } from '../result/item';

/** Get Credits: the credits of the first item's account, once for the whole run. */
export async function getCredits(context: IExecuteFunctions): Promise<ItemOutcome[]> {
	const client = await openClients(context)(0);
	const credits = client instanceof Failure ? client : await client.getCredits();
	if (credits instanceof Failure) return [credits];
	const { balance } = credits;
	const videos = Math.max(0, Math.floor(balance / estimateCredits(5, false)));
	const said = balance.toLocaleString('en-US');
	showHints(context, [
		`${said} credits: about ${videos} silent ${videos === 1 ? 'video' : 'videos'} of 5 seconds.`,
	]);
	return [{ json: { ...credits } }];
}
