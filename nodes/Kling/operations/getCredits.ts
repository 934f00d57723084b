import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClient } from '../api/client';
import { settleItem, toOutput } from '../result/output';

/** Get Credits: the account's credits, once for the whole run. */
export async function getCredits(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const client = await openClient(context, { signal: context.getExecutionCancelSignal() });
	const outcome = await settleItem(context, 0, async () => ({
		ok: true,
		json: { ...(await client.getCredits()) },
	}));
	return toOutput(context, [outcome]);
}
