import type { IExecuteFunctions } from 'n8n-workflow';

import { Refusal } from '../api/failure';
import { readResumeUrl } from '../n8n/execution';
import { postAsTheApi } from '../n8n/ownAddress';

/**
 * The address that wakes Kling nodes of this execution and nothing else that sleeps in it: n8n's
 * resume address with a suffix that only the webhook of this node has. It is a key to the execution,
 * so people are shown its origin at most.
 */

/** The path of the node's restart webhook: what n8n appends to the resume address. */
export const RESUME_PATH = 'kling';

/** `…/webhook-waiting/<execution>/kling?signature=…`; null where n8n gives no resume address. */
export function resumeAddressOf(context: IExecuteFunctions): string | null {
	const resumeUrl = readResumeUrl(context);
	if (resumeUrl === null) return null;
	const url = new URL(resumeUrl);
	url.pathname = `${url.pathname.replace(/\/+$/, '')}/${RESUME_PATH}`;
	return url.href;
}

/** Whether an address leads to this execution: n8n's own, or the one of this node. */
export function isResumeAddress(context: IExecuteFunctions, url: string): boolean {
	const own = readResumeUrl(context);
	if (own === null || !URL.canParse(url)) return false;
	return [placeOf(own), `${placeOf(own)}/${RESUME_PATH}`].includes(placeOf(url));
}

function placeOf(url: string): string {
	const { origin, pathname } = new URL(url);
	return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/**
 * Calls the resume address as the API would; n8n answers that the execution is still running. Only a
 * login in front of it is a reason to refuse: no answer may come of this machine alone.
 */
export async function checkResumeAddress(context: IExecuteFunctions): Promise<Refusal | null> {
	const url = resumeAddressOf(context);
	if (url === null) return null;
	const answer = await postAsTheApi(context.helpers.httpRequest, url);
	if (typeof answer !== 'string') return null;
	return loginRefusal(
		url,
		`The address that wakes this execution ${answer}`,
		': n8n itself checks these calls. Or choose a way without a callback.',
	);
}

/** Of an address with a login in front of it: its last two parts vary, so the login must let all before them through. */
export function loginRefusal(url: string, reason: string, advice: string): Refusal {
	const { origin, pathname } = new URL(url);
	return new Refusal(
		`${reason}, so the AI Video API cannot call it`,
		`Let ${origin}${pathname.split('/').slice(0, -2).join('/')}/ through without a login${advice}`,
	);
}
