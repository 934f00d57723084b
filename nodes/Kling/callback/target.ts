import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

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
	readCallback,
} from '../parameters/callback';
import { quote } from '../parameters/quote';
import type { Settings } from '../parameters/settings';
import type { WaitStrategy } from '../parameters/waiting';
import { withReference } from './reference';
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

interface CallbackTarget {
	callback: CallbackKind;
	callbackUrl: string | null;
	/** As much of it as people may see: a resume address is a key to its execution. */
	shownUrl: string | null;
}

/** What is chosen, before it is known whether the API can reach it. */
interface Choice {
	callback: CallbackKind;
	callbackUrl: string | null;
	/** Whether that is a Kling Trigger of this n8n. */
	isTrigger: boolean;
	/** The parameter that insists on it; null where the run can do without. */
	insists: string | null;
	hints: Hint[];
}

function nowhere(...hints: Hint[]): Choice {
	return { callback: 'none', callbackUrl: null, isTrigger: false, insists: null, hints };
}

/**
 * The callback targets of one run. Nothing is looked up before an item needs it, and then once for
 * each setting.
 */
export class Targets {
	private readonly choices = new Map<string, Promise<Settled<Choice>>>();

	private readonly chosenHints = new Set<Hint>();

	private readonly unreachable = new Set<string>();

	/**
	 * @param read what the user asks for
	 * @param without what is said where the API cannot reach the callback: `n8n polled`, and further hints
	 */
	constructor(
		readonly read: (settings: Settings) => Settled<CallbackSetting>,
		private readonly choose: (setting: CallbackSetting) => Promise<Settled<Choice>>,
		private readonly without: { text: string; hints: Hint[] },
	) {}

	/**
	 * @param apiBaseUrl where the API of the item lives, which must reach the callback
	 * @param reference what a Kling Trigger is to give back
	 */
	async resolve(
		setting: CallbackSetting,
		apiBaseUrl: string,
		reference: string | null,
	): Promise<Settled<CallbackTarget>> {
		const key = JSON.stringify(setting);
		const choosing = this.choices.get(key) ?? this.choose(setting);
		this.choices.set(key, choosing);
		const choice = await choosing;
		if (choice instanceof Failure) return choice;
		const { callbackUrl, insists } = choice;
		if (callbackUrl === null || isReachableFromApi(callbackUrl, apiBaseUrl)) {
			for (const hint of choice.hints) this.chosenHints.add(hint);
			return toTarget(choice, reference);
		}
		const { origin } = new URL(callbackUrl);
		if (insists !== null) {
			return cannotBeUsed(insists, {
				message: `the AI Video API cannot reach ${origin}`,
				hint: 'Set the environment variable WEBHOOK_URL of n8n to the public address of this instance, or choose a way without a callback.',
			});
		}
		for (const hint of this.without.hints) this.chosenHints.add(hint);
		this.unreachable.add(
			`${this.without.text}, since the AI Video API cannot reach ${origin}: fine for trying, set WEBHOOK_URL of n8n for production.`,
		);
		return toTarget(nowhere(), null);
	}

	/** What the user should know of the targets that were resolved; what is to be set up comes last. */
	hints(): Hint[] {
		return [...this.chosenHints, ...this.unreachable];
	}
}

function toTarget(choice: Choice, reference: string | null): CallbackTarget {
	const { callback, callbackUrl, isTrigger } = choice;
	if (callbackUrl === null || callback === 'execution') {
		return { callback, callbackUrl, shownUrl: null };
	}
	if (!isTrigger) {
		return { callback, callbackUrl, shownUrl: withoutResumeAddresses(callbackUrl) };
	}
	// Needed whole, to look after it.
	const url = withReference(callbackUrl, reference);
	return { callback, callbackUrl: url, shownUrl: url };
}

function cannotBeUsed(parameter: string, why: Pick<Refusal, 'message' | 'hint'>): Refusal {
	return new Refusal(`'${parameter}' cannot be used, since ${why.message}`, why.hint);
}

const WAIT_STRATEGY = 'Wait Strategy';

/** For every wait that insists on a callback where n8n cannot wake the execution. */
export const CANNOT_SLEEP = cannotBeUsed(WAIT_STRATEGY, {
	message: 'n8n does not wake sub-workflows, evaluations, AI tools and runs of its command line',
	hint: 'Choose Automatic or Poll.',
});

/** The targets of an operation that waits for its own tasks: this execution, or none where it polls. */
export function openWaitTargets(context: IExecuteFunctions, strategy: WaitStrategy): Targets {
	const sleeps = strategy !== 'poll' && maySleep(context);
	const callbackUrl = sleeps ? resumeAddressOf(context) : null;
	const insists = strategy === 'callback' ? WAIT_STRATEGY : null;
	const withoutOne = insists === null ? nowhere() : CANNOT_SLEEP;
	const calling = { ...nowhere(), callback: 'execution', callbackUrl, insists } as const;
	const choice = callbackUrl === null ? withoutOne : calling;
	const read = () => ({ kind: 'execution' }) as const;
	const without = { text: 'n8n polled', hints: [] };
	return new Targets(read, async () => await Promise.resolve(choice), without);
}

/** The targets of Create Video: wherever the user wants the callback. */
export function openTargets(context: IExecuteFunctions): Targets {
	return new Targets(readCallback, async (setting) => await choose(context, setting), {
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

async function choose(
	context: IExecuteFunctions,
	setting: CallbackSetting,
): Promise<Settled<Choice>> {
	switch (setting.kind) {
		case 'none':
			return nowhere(NEXT.none);
		case 'auto':
			return await chooseAutomatically(context);
		case 'execution':
			return insistOn(CALLBACK, context, 'execution', resumeAddressOf(context) ?? NO_ADDRESS);
		case 'trigger':
			return insistOn(CALLBACK, context, 'trigger', await findRegistration(context));
		case 'url':
			return isResumeAddress(context, setting.url)
				? insistOn(CALLBACK_URL, context, 'execution', resumeAddressOf(context) ?? NO_ADDRESS)
				: insistOn(CALLBACK_URL, context, 'url', setting.url);
		case 'workflow':
			return await chooseWorkflow(context, setting);
	}
}

const NO_ADDRESS = new Refusal(
	'this execution has no address to be resumed at',
	'Run the workflow in n8n itself, or choose a way without a callback.',
);

function insistOn(
	parameter: string,
	context: IExecuteFunctions,
	callback: CallbackKind,
	url: string | Refusal,
): Settled<Choice> {
	if (url instanceof Refusal) return cannotBeUsed(parameter, url);
	return { ...choiceOf(context, callback, url), insists: parameter };
}

function choiceOf(context: IExecuteFunctions, callback: CallbackKind, callbackUrl: string): Choice {
	const choice = { ...nowhere(), callback, callbackUrl };
	if (callback === 'execution') {
		return { ...choice, hints: [isWaitedFor(context) ? NEXT.wait : NEXT.nobodyWaits] };
	}
	if (callback === 'url' && !isOwnTriggerUrl(context, callbackUrl)) {
		const { origin } = new URL(callbackUrl);
		return { ...choice, hints: [`The API calls ${origin} when the video is ready.`] };
	}
	const isHere = callback === 'trigger' || workflowIn(callbackUrl) === context.getWorkflow().id;
	const next = isHere ? NEXT.trigger : NEXT.otherTrigger;
	const circle = isStartedByTrigger(context) ? [NEXT.circle] : [];
	return { ...choice, isTrigger: true, hints: [next, ...circle] };
}

async function chooseAutomatically(context: IExecuteFunctions): Promise<Choice> {
	const address = resumeAddressOf(context);
	if (address !== null && isWaitedFor(context)) return choiceOf(context, 'execution', address);
	if (isStartedByTrigger(context)) return nowhere(NEXT.startsItself);
	const url = await findRegistration(context);
	if (url === NO_TRIGGER) return nowhere(NEXT.none);
	if (!(url instanceof Refusal)) return choiceOf(context, 'trigger', url);
	return nowhere(warning(`No callback: ${url.message}. ${url.hint} ${LATER}`));
}

const sleepingWait = z.object({
	operation: z.literal('wait'),
	waitStrategy: z
		.string()
		.refine((strategy) => strategy !== 'poll')
		.optional(),
});

/** Whether a Kling node further down waits in a way that a callback can wake. */
function isWaitedFor(context: IExecuteFunctions): boolean {
	return context
		.getChildNodes(context.getNode().name, { includeNodeParameters: true })
		.some(
			({ disabled, type, parameters }) =>
				!disabled && isNodeType(type, 'kling') && sleepingWait.safeParse(parameters).success,
		);
}

/** The Kling Trigger of another workflow, or the address itself where it only looks like n8n's editor. */
async function chooseWorkflow(
	context: IExecuteFunctions,
	{ workflowId, editorUrl }: Extract<CallbackSetting, { kind: 'workflow' }>,
): Promise<Settled<Choice>> {
	if (editorUrl !== null && !isOfThisN8n(context, editorUrl)) {
		if (!isWorkflowId(workflowId)) return insistOn(CALLBACK_URL, context, 'url', editorUrl);
		return new Refusal(
			`'${CALLBACK_URL}' is ${quote(editorUrl)}, the editor of a workflow on another n8n`,
			'Give the Production URL of the Kling Trigger in that workflow.',
		);
	}
	const url = triggerUrlOf(context, workflowId);
	const listens = url === null ? null : await isTriggerListening(context, url);
	if (listens instanceof Refusal) return cannotBeUsed(CALLBACK_URL, listens);
	if (url !== null && listens === true) return insistOn(CALLBACK_URL, context, 'url', url);
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
