import type { IExecuteFunctions, IHookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { readResumeUrl } from '../n8n/execution';
import { postToSelf } from '../n8n/ownAddress';
import { hasTrigger } from '../n8n/workflow';

/**
 * How a Kling Trigger becomes the callback address of the Create operations in its workflow.
 *
 * On activation it writes its address to the workflow's static data. A queue-mode worker gets no
 * static data (n8n 2.41), so the address is also one that can be worked out there: the trigger
 * listens at `kling/<workflow id>` below the instance's webhook address.
 */

/** Where the trigger listens, below the webhook address of the instance: an n8n expression. */
export const TRIGGER_PATH = '={{ "kling/" + $workflow.id }}';

const STATIC_DATA_KEY = 'klingTrigger';

const registrationSchema = z.object({ url: z.string().url() });

type StaticDataContext = Pick<IHookFunctions, 'getWorkflowStaticData'>;

function readRegistration(context: StaticDataContext): string | null {
	const stored = context.getWorkflowStaticData('global')[STATIC_DATA_KEY];
	const registration = registrationSchema.safeParse(stored);
	return registration.success ? registration.data.url : null;
}

/** Whether the address in the static data is the one the trigger listens at now. */
export function isRegistered(context: IHookFunctions): boolean {
	return readRegistration(context) === context.getNodeWebhookUrl('default');
}

/** Makes the trigger's production address known to the workflow. */
export function register(context: IHookFunctions): void {
	if (context.getActivationMode() === 'manual') return;
	context.getWorkflowStaticData('global')[STATIC_DATA_KEY] = {
		url: context.getNodeWebhookUrl('default'),
	};
}

/**
 * Takes the trigger's address back. n8n calls this after listening for a test event too, when the
 * address at hand is the Test URL and the registration must stay.
 */
export function withdraw(context: IHookFunctions): void {
	const registered = readRegistration(context);
	const url = context.getNodeWebhookUrl('default');
	if (registered === null || url === undefined) return;
	if (new URL(registered).pathname === new URL(url).pathname) {
		delete context.getWorkflowStaticData('global')[STATIC_DATA_KEY];
	}
}

export type Registration =
	| { kind: 'registered'; url: string }
	/** The workflow has no Kling Trigger, or it is switched off. */
	| { kind: 'none' }
	/** There is a Kling Trigger, but the workflow is known not to be active. */
	| { kind: 'inactive' };

/** The Kling Trigger of the workflow that is being executed, in regular and in queue mode alike. */
export async function findRegistration(context: IExecuteFunctions): Promise<Registration> {
	if (!hasTrigger(context)) return { kind: 'none' };
	const url = (await mayListen(context)) ? currentUrl(context) : null;
	return url === null ? { kind: 'inactive' } : { kind: 'registered', url };
}

/**
 * Whether the trigger may be listening. A production execution exists only while its workflow is
 * active. Of any other n8n does not say whether its workflow is (n8n: a manual run never counts as
 * one of an active workflow, and neither does any run on a worker), and an export keeps the static
 * data, so a copy that was never published has them too. So the registered address itself is asked:
 * n8n answers 404 where nobody listens, and the trigger refuses what is no task.
 */
async function mayListen(context: IExecuteFunctions): Promise<boolean> {
	if (['webhook', 'trigger'].includes(context.getMode())) return true;
	const stored = readRegistration(context);
	if (stored === null) return context.getWorkflow().active;
	if (!isOwn(stored, context.getWorkflow().id)) return false;
	const answer = await postToSelf(context.helpers.httpRequest, currentUrl(context) ?? stored, '{}');
	return answer === null || answer.status !== 404;
}

/** Whether a registration is this workflow's: a copy has an id of its own. */
function isOwn(url: string, workflowId: string | undefined): boolean {
	return new URL(url).pathname.endsWith(`/kling/${String(workflowId)}`);
}

/** n8n's own name for its webhook endpoint, which administrators can change. */
const DEFAULT_ENDPOINT = 'webhook';

/**
 * Where the trigger of this workflow listens now: at the address that it registered, whatever n8n's
 * webhook endpoint is called. Only the origin may have changed since, as the resume URL of this
 * execution tells.
 */
function currentUrl(context: IExecuteFunctions): string | null {
	const stored = readRegistration(context);
	const resumeUrl = readResumeUrl(context);
	if (stored !== null) {
		const { pathname } = new URL(stored);
		return resumeUrl === null ? stored : `${new URL(resumeUrl).origin}${pathname}`;
	}
	const workflowId = context.getWorkflow().id;
	return workflowId === undefined ? null : triggerUrlOf(context, workflowId);
}

const webhookBaseSchema = z.object({
	additionalData: z.object({ webhookBaseUrl: z.string().url() }),
});

/**
 * Where the Kling Trigger of a workflow on this n8n listens while that workflow is active.
 *
 * n8n offers nodes no address of its webhooks. So this looks at the one that each n8n context
 * carries, and works it out where a future n8n should not.
 */
export function triggerUrlOf(context: IExecuteFunctions, workflowId: string): string | null {
	const carried = webhookBaseSchema.safeParse(context);
	if (carried.success) {
		const base = carried.data.additionalData.webhookBaseUrl.replace(/\/+$/, '');
		return `${base}/kling/${workflowId}`;
	}
	const resumeUrl = readResumeUrl(context);
	if (resumeUrl === null) return null;
	const { origin, pathname } = new URL(resumeUrl);
	const base = pathname.split('/').slice(0, -2).join('/');
	return `${origin}${base}/${DEFAULT_ENDPOINT}/kling/${workflowId}`;
}
