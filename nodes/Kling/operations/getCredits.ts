import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { openClients } from '../api/client';
import { settleItem, toOutput } from '../result/output';

/** Get Credits: the credits of the first item's account, once for the whole run. */
export async function getCredits(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const { clientFor } = openClients(context);
	const outcome = await settleItem(context, 0, async () => {
		const client = await clientFor(0);
		return { ok: true, json: { ...(await client.getCredits()) } };
	});
	return toOutput(context, [outcome]);
}
