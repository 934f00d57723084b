import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { isPrivateHost, isReachableFromApi } from '../api/address';
import { Failure, Refusal, type Settled } from '../api/failure';
import { advice, type Hint, warning } from '../n8n/hints';
import { isNodeType, isStartedByTrigger } from '../n8n/workflow';
import {
	CALLBACK,
	CALLBACK_URL,
	type CallbackKind,
	type CallbackSetting,
	isWorkflowId,
} from '../parameters/callback';
import { quote } from '../parameters/quote';
import type { WaitStrategy } from '../parameters/waiting';
import {
	findRegistration,
	isOwnTriggerUrl,
	isTriggerListening,
	NO_TRIGGER,
	ownHosts,
	triggerUrlOf,
	workflowIn,
} from './registration';
import { isResumeAddress, resumeAddressOf } from './resumeAddress';

export interface CallbackTarget {
	callback: CallbackKind;
	callbackUrl: string | null;
}

const NO_CALLBACK: CallbackTarget = { callback: 'none', callbackUrl: null };

/** What is chosen, before it is known whether the API can reach it. */
interface Choice {
	target: CallbackTarget;
	/** The parameter that insists on it; null where the run can do without. */
	insists: string | null;
	hints: Hint[];
}

/**
 * The callback targets of one run. Nothing is looked up before an item needs it, and then once for
 * each setting.
 */
export class Targets {
	private readonly choices = new Map<string, Promise<Settled<Choice>>>();

	private readonly chosenHints = new Set<Hint>();

	private readonly unreachable = new Set<string>();

	/** @param without what is said where the API cannot reach the callback: `n8n polled`, and further hints */
	constructor(
		private readonly choose: (setting: CallbackSetting) => Promise<Settled<Choice>>,
		private readonly without: { text: string; hints: Hint[] },
	) {}

	/** @param apiBaseUrl where the API of the item lives, which must reach the callback */
	async resolve(setting: CallbackSetting, apiBaseUrl: string): Promise<Settled<CallbackTarget>> {
		const key = JSON.stringify(setting);
		const choosing = this.choices.get(key) ?? this.choose(setting);
		this.choices.set(key, choosing);
		const choice = await choosing;
		if (choice instanceof Failure) return choice;
		const { target, insists } = choice;
		if (target.callbackUrl === null || isReachableFromApi(target.callbackUrl, apiBaseUrl)) {
			this.show(choice.hints);
			return target;
		}
		const { origin } = new URL(target.callbackUrl);
		if (insists !== null) {
			return cannotBeUsed(
				insists,
				`the AI Video API cannot reach ${origin}`,
				'Set the environment variable WEBHOOK_URL of n8n to the public address of this instance, or choose a way without a callback.',
			);
		}
		this.show(this.without.hints);
		this.unreachable.add(
			`${this.without.text}, since the AI Video API cannot reach ${origin}: fine for trying, set WEBHOOK_URL of n8n for production.`,
		);
		return NO_CALLBACK;
	}

	/** What the user should know of the targets that were resolved; what is to be set up comes last. */
	hints(): Hint[] {
		return [...this.chosenHints, ...this.unreachable];
	}

	private show(hints: readonly Hint[]): void {
		for (const hint of hints) this.chosenHints.add(hint);
	}
}

function cannotBeUsed(parameter: string, reason: string, hint: string): Refusal {
	return new Refusal(`'${parameter}' cannot be used, since ${reason}`, hint);
}

const WAIT_STRATEGY = 'Wait Strategy';

/** The targets of an operation that waits for its own tasks: this execution, or none where it polls. */
export function openWaitTargets(
	context: IExecuteFunctions,
	strategy: WaitStrategy,
	maySleep: boolean,
): Targets {
	const callbackUrl = maySleep && strategy !== 'poll' ? resumeAddressOf(context) : null;
	const insists = strategy === 'callback' ? WAIT_STRATEGY : null;
	const withoutOne = insists === null ? nowhere() : CANNOT_SLEEP;
	const choice =
		callbackUrl === null ? withoutOne : chosen({ callback: 'execution', callbackUrl }, insists);
	return new Targets(async () => await Promise.resolve(choice), { text: 'n8n polled', hints: [] });
}

/** For every wait that insists on a callback where n8n cannot wake the execution. */
export const CANNOT_SLEEP = cannotBeUsed(
	WAIT_STRATEGY,
	'n8n does not wake sub-workflows, evaluations, AI tools and runs of its command line',
	'Choose Automatic or Poll.',
);

/** The targets of Create Video: wherever the user wants the callback. */
export function openTargets(context: IExecuteFunctions): Targets {
	return new Targets(async (setting) => await chooseFor(context, setting), {
		text: 'No callback was asked for',
		hints: [NEXT.none],
	});
}

/** A video that nobody is told of is not lost. */
const LATER = 'Get Video with the task ID works all the same.';

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

function chosen(target: CallbackTarget, insists: string | null, ...hints: Hint[]): Choice {
	return { target, insists, hints };
}

function nowhere(...hints: Hint[]): Choice {
	return chosen(NO_CALLBACK, null, ...hints);
}

async function chooseFor(
	context: IExecuteFunctions,
	setting: CallbackSetting,
): Promise<Settled<Choice>> {
	switch (setting.kind) {
		case 'none':
			return nowhere(NEXT.none);
		case 'auto':
			return await chooseAutomatically(context);
		case 'execution':
			return chooseExecution(context, CALLBACK);
		case 'trigger':
			return await chooseOwnTrigger(context);
		case 'url':
			return isResumeAddress(context, setting.url)
				? chooseExecution(context, CALLBACK_URL)
				: chooseUrl(context, setting.url);
		case 'workflow':
			return await chooseWorkflow(context, setting);
	}
}

async function chooseAutomatically(context: IExecuteFunctions): Promise<Choice> {
	if (isWaitedFor(context)) {
		const execution = chooseExecution(context, CALLBACK);
		if (!(execution instanceof Failure)) return { ...execution, insists: null };
	}
	if (isStartedByTrigger(context)) return nowhere(NEXT.startsItself);
	const callbackUrl = await findRegistration(context);
	if (callbackUrl === NO_TRIGGER) return nowhere(NEXT.none);
	if (callbackUrl instanceof Refusal) {
		return nowhere(warning(`No callback: ${callbackUrl.message}. ${callbackUrl.hint} ${LATER}`));
	}
	return chosen({ callback: 'trigger', callbackUrl }, null, NEXT.trigger);
}

const waitParameters = z.object({
	operation: z.literal('wait'),
	waitStrategy: z.string().default('auto'),
});

/** Whether a Kling node further down waits in a way that a callback can wake. */
function isWaitedFor(context: IExecuteFunctions): boolean {
	const name = context.getNode().name;
	return context.getChildNodes(name, { includeNodeParameters: true }).some((node) => {
		if (node.disabled || !isNodeType(node.type, 'kling')) return false;
		const parameters = waitParameters.safeParse(node.parameters);
		return parameters.success && parameters.data.waitStrategy !== 'poll';
	});
}

function chooseExecution(context: IExecuteFunctions, insists: string): Settled<Choice> {
	const callbackUrl = resumeAddressOf(context);
	if (callbackUrl === null) {
		return cannotBeUsed(
			insists,
			'this execution has no address to be resumed at',
			'Run the workflow in n8n itself, or choose a way without a callback.',
		);
	}
	const next = isWaitedFor(context) ? NEXT.wait : NEXT.nobodyWaits;
	return chosen({ callback: 'execution', callbackUrl }, insists, next);
}

async function chooseOwnTrigger(context: IExecuteFunctions): Promise<Settled<Choice>> {
	const callbackUrl = await findRegistration(context);
	if (callbackUrl instanceof Refusal) {
		return cannotBeUsed(CALLBACK, callbackUrl.message, callbackUrl.hint);
	}
	const circle = isStartedByTrigger(context) ? [NEXT.circle] : [];
	return chosen({ callback: 'trigger', callbackUrl }, CALLBACK, NEXT.trigger, ...circle);
}

function chooseUrl(context: IExecuteFunctions, callbackUrl: string): Choice {
	const startsTrigger = isOwnTriggerUrl(context, callbackUrl);
	const next = startsTrigger
		? workflowIn(callbackUrl) === context.getWorkflow().id
			? NEXT.trigger
			: NEXT.otherTrigger
		: `The API calls ${new URL(callbackUrl).origin} when the video is ready.`;
	const circle = startsTrigger && isStartedByTrigger(context) ? [NEXT.circle] : [];
	return chosen({ callback: 'url', callbackUrl }, CALLBACK_URL, next, ...circle);
}

/** The Kling Trigger of another workflow, or the address itself where it only looks like n8n's editor. */
async function chooseWorkflow(
	context: IExecuteFunctions,
	{ workflowId, editorUrl }: Extract<CallbackSetting, { kind: 'workflow' }>,
): Promise<Settled<Choice>> {
	if (editorUrl !== null && !isOfThisN8n(context, editorUrl)) {
		if (!isWorkflowId(workflowId)) return chooseUrl(context, editorUrl);
		return new Refusal(
			`'${CALLBACK_URL}' is ${quote(editorUrl)}, the editor of a workflow on another n8n`,
			'Give the Production URL of the Kling Trigger in that workflow.',
		);
	}
	const url = triggerUrlOf(context, workflowId);
	const listens = url === null ? null : await isTriggerListening(context, url);
	if (listens instanceof Refusal) {
		return cannotBeUsed(CALLBACK_URL, listens.message, listens.hint);
	}
	if (url !== null && listens === true) return chooseUrl(context, url);
	return new Refusal(
		`'${CALLBACK_URL}' names a workflow whose Kling Trigger does not listen`,
		'Check that the workflow has a Kling Trigger, and publish (activate) it.',
	);
}

/** People open the editor at other addresses than the API calls, in their own network above all. */
function isOfThisN8n(context: IExecuteFunctions, editorUrl: string): boolean {
	const { hostname } = new URL(editorUrl);
	return isPrivateHost(hostname) || ownHosts(context).includes(hostname);
}
