import type { IWebhookFunctions } from 'n8n-workflow';

import { type ApiClient, openClient } from '../api/client';
import { credentialIdOf } from '../api/credential';
import { ApiFailure, Failure, type Settled } from '../api/failure';
import type { TaskReading } from '../api/schemas';
import { after } from '../n8n/async';

/**
 * How long callbacks to one node share a client, in milliseconds. To read a credential in a webhook, n8n sets
 * up a sandbox for expressions (n8n 2.41), which takes longer than the request itself.
 */
const SHARED_MS = 10_000;

const byNode = new Map<string, Promise<Settled<ApiClient>>>();

/** Clients live for seconds; what the API asks for counts for longer. */
const paces: ApiClient['paces'] = new Map();

/** It may be mended. */
export const NO_CREDENTIAL = new ApiFailure({ call: 'getTask', kind: 'host' });

/**
 * A reported task as the API has it, asked once, since the callback itself comes again. On a failure, reloads
 * a credential that was read for an earlier callback, and asks once more where it has changed.
 */
export async function readBack(
	context: IWebhookFunctions,
	taskId: string,
	withinMs?: number,
): Promise<TaskReading | ApiFailure> {
	const key = [context.getWorkflow().id, context.getNode().id, credentialIdOf(context)].join('/');
	const read = async (by: Settled<ApiClient>) =>
		by instanceof Failure ? NO_CREDENTIAL : await by.lookAt(taskId, withinMs);
	const earlier = byNode.get(key);
	const client = await (earlier ?? open(context, key));
	const outcome = await read(client);
	if (earlier === undefined || !(outcome instanceof ApiFailure)) return outcome;
	// The first that fails has the credential read anew for all.
	if (byNode.get(key) === earlier) byNode.delete(key);
	const current = await (byNode.get(key) ?? open(context, key));
	if (current instanceof Failure || client instanceof Failure) return await read(current);
	return current.account === client.account ? outcome : await read(current);
}

/** Kept even where it cannot be used: whoever fails with it opens another. */
async function open(context: IWebhookFunctions, key: string): Promise<Settled<ApiClient>> {
	const client = openClient(context, null, paces);
	byNode.set(key, client);
	void after(SHARED_MS).then(() => {
		if (byNode.get(key) === client) byNode.delete(key);
	});
	return await client;
}
