import type { IWebhookFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { openClient } from '../api/client';
import { CREDENTIAL_TYPE } from '../api/credential';
import { ApiFailure, failureAsValue } from '../api/failure';
import { isTransient } from '../api/retry';
import type { Outcome } from '../waiting/readings';

/**
 * Reading reported tasks back from the API, with the credential of the node that is called. n8n sets
 * up a sandbox for expressions to read a credential in a webhook (n8n 2.41), which takes longer than
 * the request itself, so callbacks that come in a burst share one client.
 */

/** How long a client serves further callbacks to its node, in milliseconds. */
const SHARED_MS = 10_000;

/** What a task comes to while the credential cannot be used: it may be mended. */
export const NO_CREDENTIAL = new ApiFailure({
	call: 'getTask',
	kind: 'host',
	outcome: 'notSent',
	status: null,
	code: null,
	text: 'The credential cannot be read',
	retryAfterMs: null,
});

interface Shared {
	/** Null when the credential cannot be used. */
	client: Promise<ApiClient | null>;
	until: number;
}

const byNode = new Map<string, Shared>();

/**
 * One task as the API has it, asked once: the callback itself comes again. What the API refuses to a
 * client that was opened for an earlier callback is asked again where the credential is another by now.
 */
export async function readBack(context: IWebhookFunctions, taskId: string): Promise<Outcome> {
	const key = nodeKey(context);
	const earlier = byNode.get(key);
	if (earlier === undefined || earlier.until < Date.now()) {
		return await read(await open(context, key), taskId);
	}
	const client = await earlier.client;
	const outcome = await read(client, taskId);
	if (!isRefused(outcome)) return outcome;
	const latest = byNode.get(key);
	// The first that is refused looks at the credential for all.
	const isRenewed = latest !== undefined && latest !== earlier;
	const renewed = await (isRenewed ? latest.client : open(context, key));
	return renewed?.identity === client?.identity ? outcome : await read(renewed, taskId);
}

function nodeKey(context: IWebhookFunctions): string {
	const { id, credentials } = context.getNode();
	return [context.getWorkflow().id, id, credentials?.[CREDENTIAL_TYPE]?.id].join('/');
}

async function open(context: IWebhookFunctions, key: string): Promise<ApiClient | null> {
	const now = Date.now();
	for (const [other, { until }] of byNode) if (until < now) byNode.delete(other);
	const client = openClient(context, { maxAttempts: 1 }).catch(() => null);
	const shared = { client, until: now + SHARED_MS };
	byNode.set(key, shared);
	if ((await client) === null && byNode.get(key) === shared) byNode.delete(key);
	return await client;
}

async function read(client: ApiClient | null, taskId: string): Promise<Outcome> {
	return client === null ? NO_CREDENTIAL : await failureAsValue(client.getTask(taskId));
}

function isRefused(outcome: Outcome): boolean {
	return outcome instanceof ApiFailure && !isTransient(outcome.detail);
}
