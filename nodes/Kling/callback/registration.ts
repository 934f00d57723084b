import type { IExecuteFunctions, IHookFunctions } from 'n8n-workflow';

import { Refusal } from '../api/failure';
import { carriedBy, isAlone, readResumeUrl, triggersOf } from '../n8n/execution';
import { noteInstance, postAsTheApi, postToSelf } from '../n8n/ownAddress';
import { isReference } from '../parameters/callback';
import { loginRefusal } from './resumeAddress';

/**
 * How a Kling Trigger becomes the callback address of the Create operations in its workflow: it notes its address in
 * the workflow's static data. Queue-mode workers get no static data (n8n 2.41), so they compute it.
 */

/** Where the trigger listens, below the webhook address of the instance. */
export const TRIGGER_PATH = '={{ "kling/" + $workflow.id }}';

const STATIC_DATA_KEY = 'klingTrigger';

function readRegistration(context: IHookFunctions | IExecuteFunctions): string | null {
	const url = carriedBy(context.getWorkflowStaticData('global'), STATIC_DATA_KEY, 'url');
	return typeof url === 'string' && URL.canParse(url) ? url : null;
}

/** Whether the address in the static data is the one the trigger listens at now. */
export function isRegistered(context: IHookFunctions): boolean {
	return readRegistration(context) === context.getNodeWebhookUrl('default');
}

/**
 * Makes the trigger's production address known to the workflow. n8n lets a node without a `webhookId`
 * listen below the node's own name, where nobody would look for it (n8n 2.0.0: `getNodeWebhookPath`).
 */
export function register(context: IHookFunctions): Refusal | null {
	if (context.getActivationMode() === 'manual') return null;
	if (context.getNode().webhookId === undefined) {
		return new Refusal(
			'This Kling Trigger has no webhook ID, so no callback would reach it',
			'Replace it with a Kling Trigger that you add in the editor, or set “webhookId” of the node to any unique text when you create the workflow by the API.',
		);
	}
	context.getWorkflowStaticData('global')[STATIC_DATA_KEY] = {
		url: context.getNodeWebhookUrl('default'),
	};
	return null;
}

/** Takes the trigger's address back. n8n calls this after a test event too, with the Test URL at hand. */
export function withdraw(context: IHookFunctions): void {
	const registered = readRegistration(context);
	const url = context.getNodeWebhookUrl('default');
	if (registered === null || url === undefined) return;
	if (new URL(registered).pathname === new URL(url).pathname) {
		delete context.getWorkflowStaticData('global')[STATIC_DATA_KEY];
	}
}

export const NO_TRIGGER = new Refusal(
	'this workflow has no Kling Trigger',
	'Add a Kling Trigger to this workflow and publish (activate) it. For one in another workflow, choose URL and give the ID of that workflow.',
);

/**
 * The address of the Kling Trigger in the executed workflow, or why none listens.
 *
 * A production execution begins only while its workflow is active, and one that has slept since sees in the
 * static data whether it still is, except on a worker. For a manual run or a *Retry* that is unknown, and
 * an unpublished copy has its original's static data. So the address itself is called.
 */
export async function findRegistration(context: IExecuteFunctions): Promise<string | Refusal> {
	if (triggersOf(context).length === 0) return NO_TRIGGER;
	const { id } = context.getWorkflow();
	const stored = readRegistration(context);
	// A copy has brought along that of its original.
	const registered = stored !== null && workflowIn(stored) === id ? new URL(stored) : null;
	// Only its origin may be outdated; the resume URL has the current one.
	const url =
		registered === null
			? triggerUrlOf(context, id)
			: `${new URL(readResumeUrl(context) ?? registered).origin}${registered.pathname}`;
	if (url === null) return NOT_PUBLISHED;
	const isProduction = ['webhook', 'trigger'].includes(context.getMode());
	if (isProduction && (registered !== null || !isAlone(context))) return url;
	const listens = await isTriggerListening(context, url);
	if (listens instanceof Refusal) return listens;
	return (listens ?? isProduction) ? url : NOT_PUBLISHED;
}

const NOT_PUBLISHED = new Refusal(
	'the workflow is not published, so its Kling Trigger does not listen',
	'Publish (activate) the workflow first, or choose another Callback while testing.',
);

/**
 * Whether a Kling Trigger listens at an address of this n8n; a refusal where a login stands in front
 * of it, null where nobody answers. Only the trigger itself counts, which refuses what is no task.
 */
export async function isTriggerListening(
	context: IExecuteFunctions,
	url: string,
): Promise<boolean | Refusal | null> {
	noteInstance(context);
	const { httpRequest } = context.helpers;
	const direct = await postAsTheApi(httpRequest, url);
	if (typeof direct === 'string') {
		return loginRefusal(url, `the address of the Kling Trigger ${direct}`, '.');
	}
	const answer = direct ?? (await postToSelf(httpRequest, url, '{}'));
	return answer === null ? null : answer.state !== null;
}

/** The workflow of a Kling Trigger's address; null where it cannot be one. */
export function workflowIn(url: string): string | null {
	return /\/kling\/([^/]+)$/.exec(new URL(url).pathname)?.[1] ?? null;
}

/** Where the Kling Trigger of a workflow on this n8n listens while that is active. */
export function triggerUrlOf(context: object, workflowId: string | null = null): string | null {
	const base = carriedBy(context, 'additionalData', 'webhookBaseUrl');
	if (typeof base !== 'string' || !URL.canParse(base) || workflowId === null) return null;
	return `${base.replace(/\/+$/, '')}/kling/${workflowId}`;
}

/** The host names of this n8n that are known: of its webhooks, and of its editor. */
export function ownHosts(context: IExecuteFunctions): string[] {
	const urls = [context.getInstanceBaseUrl(), readResumeUrl(context) ?? ''];
	return urls.flatMap((url) => (URL.canParse(url) ? new URL(url).hostname : []));
}

/** Whether an address is that of a Kling Trigger on this n8n, one that does not listen included. */
export function isOwnTriggerUrl(context: IExecuteFunctions, url: string): boolean {
	const own = URL.canParse(url) ? triggerUrlOf(context, workflowIn(url)) : null;
	if (own === null) return false;
	const { hostname, pathname } = new URL(url);
	return new URL(own).pathname === pathname && ownHosts(context).includes(hostname);
}

/**
 * How a reference travels: as a query of the trigger's address, which the API calls as it was given. Resume
 * addresses take none, since their signature covers the query (n8n 2.41).
 */
const REFERENCE = 'reference';

/** @param url where a Kling Trigger of this n8n is called */
export function withReference(url: string, reference: string | null): string {
	if (reference === null) return url;
	const called = new URL(url);
	called.searchParams.set(REFERENCE, reference);
	return called.href;
}

/** The reference that a callback brings along, unverified; null for none. */
export function referenceOf(query: unknown): string | null {
	const reference = carriedBy(query, REFERENCE);
	return typeof reference === 'string' && isReference(reference) ? reference : null;
}
