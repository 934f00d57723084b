import type { IExecuteFunctions } from 'n8n-workflow';

import { isPrivateHost, isReachableFromApi } from '../api/address';
import { Failure, Refusal, type Settled } from '../api/failure';
import { withoutResumeAddresses } from '../api/redact';
import { isNodeType, isStartedByTrigger, maySleep } from '../n8n/execution';
import { advice, type Hint, warning } from '../n8n/hints';
import {
	CALLBACK,
	CALLBACK_URL,
	type CallbackKind,
	type CallbackSetting,
	isWorkflowId,
} from '../parameters/callback';
import { quote } from '../parameters/readers';
import { WAIT_STRATEGY, type WaitStrategy } from '../parameters/waiting';
import {
	findRegistration,
	isOwnTriggerUrl,
	isTriggerListening,
	NO_TRIGGER,
	ownHosts,
	triggerUrlOf,
	withReference,
	workflowIn,
} from './registration';
import { isResumeAddress, resumeAddressOf } from './resumeAddress';

/** What the user asks for, or what an operation needs that waits for its own tasks. */
type Wish = CallbackSetting | { kind: 'wait'; strategy: WaitStrategy };

/** What is chosen, before it is known whether the API can reach it. */
interface Choice {
	callback: CallbackKind;
	callbackUrl: string | null;
	/** The parameter that insists on it; null where the run can do without. */
	insists: string | null;
	hints: Hint[];
}

function nowhere(...hints: Hint[]): Choice {
	return { callback: 'none', callbackUrl: null, insists: null, hints };
}

/** The callback targets of one run. Each wish is looked up once, when an item needs it. */
export class Targets {
	readonly hints = new Set<Hint>();

	private readonly choices = new Map<string, Promise<Settled<Choice>>>();

	constructor(private readonly context: IExecuteFunctions) {}

	/**
	 * @param apiBaseUrl where the API of the item lives, which must reach the callback
	 * @param reference what a Kling Trigger is to give back
	 * @returns `shownUrl` is what people may see of it
	 */
	async resolve(wish: Wish, apiBaseUrl: string, reference: string | null) {
		const key = JSON.stringify(wish);
		const choosing = this.choices.get(key) ?? choose(this.context, wish);
		this.choices.set(key, choosing);
		const choice = await choosing;
		if (choice instanceof Failure) return choice;
		const target = reachable(choice, wish, apiBaseUrl);
		if (target instanceof Failure) return target;
		for (const hint of target.hints) this.hints.add(hint);
		const { callback, callbackUrl } = target;
		if (callbackUrl === null || callback === 'execution') {
			return { callback, callbackUrl, shownUrl: null };
		}
		if (!isOwnTrigger(this.context, callback, callbackUrl)) {
			return { callback, callbackUrl, shownUrl: withoutResumeAddresses(callbackUrl) };
		}
		// `lookAfterTriggers` calls it.
		const url = withReference(callbackUrl, reference);
		return { callback, callbackUrl: url, shownUrl: url };
	}
}

/** The choice, or its replacement if the API cannot reach it. */
function reachable(choice: Choice, { kind }: Wish, apiBaseUrl: string): Settled<Choice> {
	const { callbackUrl, insists } = choice;
	if (callbackUrl === null || isReachableFromApi(callbackUrl, apiBaseUrl)) return choice;
	const why = `the AI Video API cannot reach ${new URL(callbackUrl).origin}`;
	if (insists !== null) {
		return cannotBeUsed(insists, {
			message: why,
			hint: 'Set the environment variable WEBHOOK_URL of n8n to the public address of this instance, or choose a way without a callback.',
		});
	}
	const setUp = `since ${why}: fine for trying, set WEBHOOK_URL of n8n for production.`;
	if (kind === 'wait') return nowhere(`n8n polled, ${setUp}`);
	return nowhere(NEXT.none, `No callback was asked for, ${setUp}`);
}

function isOwnTrigger(context: IExecuteFunctions, callback: CallbackKind, url: string): boolean {
	return callback === 'trigger' || isOwnTriggerUrl(context, url);
}

function cannotBeUsed(parameter: string, why: Pick<Refusal, 'message' | 'hint'>): Refusal {
	return new Refusal(`'${parameter}' cannot be used, since ${why.message}`, why.hint);
}

const NEXT = {
	wait: 'Wait for Video further down goes on when the video is ready.',
	trigger: 'The Kling Trigger of this workflow starts when the video is ready.',
	otherTrigger: 'The Kling Trigger of the other workflow starts when the video is ready.',
	none: advice(
		'No callback: put Wait for Video behind this node, or use Get Video with the task ID later.',
	),
	nobodyWaits: warning(
		'Nothing waits for the callback to this execution: put Wait for Video behind this node, not set to Poll, or choose another Callback.',
	),
	startsItself: warning(
		'No callback: the Kling Trigger of this workflow started this execution, so each video would start the next without end. If you want that, choose “Kling Trigger of This Workflow” as Callback.',
	),
	circle: warning(
		'A Kling Trigger started this execution, and its videos start a Kling Trigger again. Every round is paid, so make sure that it comes to an end.',
	),
};

async function choose(context: IExecuteFunctions, wish: Wish): Promise<Settled<Choice>> {
	const insistOn = (parameter: string, callback: CallbackKind, url: string | Refusal) =>
		url instanceof Refusal
			? cannotBeUsed(parameter, url)
			: { ...choiceOf(context, callback, url), insists: parameter };
	const resumeAddress =
		resumeAddressOf(context) ??
		new Refusal(
			'this execution has no address to be resumed at',
			'Run the workflow in n8n itself, or choose a way without a callback.',
		);
	switch (wish.kind) {
		case 'none':
			return nowhere(NEXT.none);
		case 'wait':
			return chooseForWait(context, wish.strategy);
		case 'auto':
			return await chooseAutomatically(context);
		case 'execution':
			return insistOn(CALLBACK, 'execution', resumeAddress);
		case 'trigger':
			return insistOn(CALLBACK, 'trigger', await findRegistration(context));
		case 'url':
			return isResumeAddress(context, wish.url)
				? insistOn(CALLBACK_URL, 'execution', resumeAddress)
				: insistOn(CALLBACK_URL, 'url', wish.url);
		case 'workflow':
			return insistOn(CALLBACK_URL, 'url', await findTriggerOf(context, wish));
	}
}

function choiceOf(context: IExecuteFunctions, callback: CallbackKind, callbackUrl: string): Choice {
	const choice = { ...nowhere(), callback, callbackUrl };
	if (callback === 'execution') {
		return { ...choice, hints: [isWaitedFor(context) ? NEXT.wait : NEXT.nobodyWaits] };
	}
	if (!isOwnTrigger(context, callback, callbackUrl)) {
		const { origin } = new URL(callbackUrl);
		return { ...choice, hints: [`The API calls ${origin} when the video is ready.`] };
	}
	const isHere = callback === 'trigger' || workflowIn(callbackUrl) === context.getWorkflow().id;
	const next = isHere ? NEXT.trigger : NEXT.otherTrigger;
	const circle = isStartedByTrigger(context) ? [NEXT.circle] : [];
	return { ...choice, hints: [next, ...circle] };
}

/** For every wait that insists on a callback where n8n cannot wake the execution. */
export const CANNOT_SLEEP = cannotBeUsed(WAIT_STRATEGY, {
	message: 'n8n does not wake sub-workflows, evaluations, AI tools and runs of its command line',
	hint: 'Choose Automatic or Poll.',
});

/** This execution, or nobody where it polls. */
function chooseForWait(context: IExecuteFunctions, strategy: WaitStrategy): Settled<Choice> {
	const sleeps = strategy !== 'poll' && maySleep(context);
	const callbackUrl = sleeps ? resumeAddressOf(context) : null;
	const insists = strategy === 'callback' ? WAIT_STRATEGY : null;
	if (callbackUrl !== null) return { ...nowhere(), callback: 'execution', callbackUrl, insists };
	return insists === null ? nowhere() : CANNOT_SLEEP;
}

async function chooseAutomatically(context: IExecuteFunctions): Promise<Choice> {
	const address = resumeAddressOf(context);
	if (address !== null && isWaitedFor(context)) return choiceOf(context, 'execution', address);
	if (isStartedByTrigger(context)) return nowhere(NEXT.startsItself);
	const url = await findRegistration(context);
	if (url === NO_TRIGGER) return nowhere(NEXT.none);
	if (!(url instanceof Refusal)) return choiceOf(context, 'trigger', url);
	const silent = `No callback: ${url.message}. ${url.hint}`;
	return nowhere(warning(`${silent} Get Video with the task ID works all the same.`));
}

/** Whether a Kling node further down waits in a way that a callback can wake. */
function isWaitedFor(context: IExecuteFunctions): boolean {
	return context
		.getChildNodes(context.getNode().name, { includeNodeParameters: true })
		.some(
			({ disabled, type, parameters = {} }) =>
				!disabled &&
				isNodeType(type, 'kling') &&
				parameters['operation'] === 'wait' &&
				parameters['waitStrategy'] !== 'poll',
		);
}

/** The Kling Trigger of another workflow, or the address itself where it only looks like n8n's editor. */
async function findTriggerOf(
	context: IExecuteFunctions,
	{ workflowId, editorUrl }: Extract<Wish, { kind: 'workflow' }>,
): Promise<string | Refusal> {
	if (editorUrl !== null && !isOfThisN8n(context, editorUrl)) {
		if (!isWorkflowId(workflowId)) return editorUrl;
		return new Refusal(
			`it is ${quote(editorUrl)}, the editor of a workflow on another n8n`,
			'Give the Production URL of the Kling Trigger in that workflow.',
		);
	}
	const url = triggerUrlOf(context, workflowId);
	const listens = url === null ? null : await isTriggerListening(context, url);
	if (url !== null && listens === true) return url;
	if (listens instanceof Refusal) return listens;
	return new Refusal(
		`it names the workflow ${quote(workflowId)}, whose Kling Trigger does not listen`,
		'Check that the workflow has a Kling Trigger, and publish (activate) it.',
	);
}

/** People open the editor at other addresses than the API calls, in their own network above all. */
function isOfThisN8n(context: IExecuteFunctions, editorUrl: string): boolean {
	const { hostname } = new URL(editorUrl);
	return isPrivateHost(hostname) || ownHosts(context).includes(hostname);
}
