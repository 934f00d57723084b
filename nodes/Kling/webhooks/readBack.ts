import type { IWebhookFunctions } from 'n8n-workflow';

import { type ApiClient, openClient } from '../api/client';
import { credentialIdOf } from '../api/credential';
import { ApiFailure, Failure, type Settled } from '../api/failure';
import type { TaskReading } from '../api/schemas';
import { hostFailure } from '../api/transport';

/**
 * Reading reported tasks back from the API, with the credential of the node that is called. n8n sets
 * up a sandbox for expressions to read a credential in a webhook (n8n 2.41), which takes longer than
 * the request itself, so callbacks that come in a burst share one client.
 */

/** How long a client serves further callbacks to its node, in milliseconds. */
const SHARED_MS = 10_000;

interface Shared {
	client: Promise<Settled<ApiClient>>;
	until: number;
}

const byNode = new Map<string, Shared>();

/** Clients live for seconds; what the API asks for counts for longer. */
const paces: ApiClient['paces'] = new Map();

/** What a task comes to while the credential cannot be used: it may be mended. */
const NO_CREDENTIAL = hostFailure('getTask', 'The credential cannot be read');

export function isWithoutCredential(outcome: TaskReading | ApiFailure): boolean {
	return outcome === NO_CREDENTIAL;
}

/**
 * One task as the API has it, asked once: the callback itself comes again. On a failure, reloads a
 * credential that was read for an earlier callback, and asks once more where it has changed.
 */
export async function readBack(
	context: IWebhookFunctions,
	taskId: string,
	withinMs?: number,
): Promise<TaskReading | ApiFailure> {
	const read = async (by: Settled<ApiClient>) =>
		by instanceof Failure ? NO_CREDENTIAL : await by.lookAt(taskId, withinMs);
	const key = nodeKey(context);
	const earlier = byNode.get(key);
	const shared =
		earlier !== undefined && earlier.until >= Date.now() ? earlier : open(context, key);
	const client = await shared.client;
	const outcome = await read(client);
	if (shared !== earlier || !(outcome instanceof ApiFailure)) return outcome;
	const latest = byNode.get(key);
	// The first that fails looks at the credential for all.
	const isReloaded = latest !== undefined && latest !== earlier;
	const current = await (isReloaded ? latest : open(context, key)).client;
	if (current instanceof Failure || client instanceof Failure) return await read(current);
	return current.account === client.account ? outcome : await read(current);
}

function nodeKey(context: IWebhookFunctions): string {
	return [context.getWorkflow().id, context.getNode().id, credentialIdOf(context)].join('/');
}

/** Kept even where it cannot be used: whoever fails with it opens another. */
function open(context: IWebhookFunctions, key: string): Shared {
	const now = Date.now();
	for (const [other, { until }] of byNode) if (until < now) byNode.delete(other);
	const shared = { client: openClient(context, null, paces), until: now + SHARED_MS };
	byNode.set(key, shared);
	return shared;
}
