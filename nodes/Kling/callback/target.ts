import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { isPrivateHost, isReachableFromApi } from '../api/address';
import { readResumeUrl } from '../n8n/execution';
import { type Hint, warning } from '../n8n/hints';
import { isNodeType } from '../n8n/workflow';
import {
	CALLBACK,
	CALLBACK_URL,
	type CallbackKind,
	type CallbackSetting,
	isWorkflowId,
} from '../parameters/callback';
import { quote } from '../parameters/quote';
import { InvalidParameterError } from '../parameters/read';
import { findRegistration, type Registration, triggerUrlOf } from './registration';

/** Where the API is asked to report the end of a task. */
export interface CallbackTarget {
	callback: CallbackKind;
	callbackUrl: string | undefined;
}

export const NO_CALLBACK: CallbackTarget = { callback: 'none', callbackUrl: undefined };

const SET_WEBHOOK_URL =
	'Set the environment variable WEBHOOK_URL of n8n to the public address of this instance';

/** Said when a callback was wanted but cannot arrive. */
export function unreachableHint(url: string): string {
	return `No callback was asked for, since the AI Video API cannot reach ${url}. ${SET_WEBHOOK_URL} to be called back; until then Wait for Video looks at the task at intervals.`;
}

const TRIGGER_SLEEPS =
	'Nobody is told when these videos are ready: the workflow is not published, so its Kling Trigger does not listen. Publish it, or look with Get Video.';

const NOBODY_WAITS =
	'Nobody waits for the callback to this execution: put a Wait for Video that does not poll further down, or choose another Callback.';

/** The callback targets of one run. */
export interface Targets {
	/**
	 * @param apiBaseUrl where the API of the item lives, which must reach the callback
	 * @throws {InvalidParameterError} when the callback that was asked for is unavailable
	 */
	resolve(setting: CallbackSetting, apiBaseUrl: string): CallbackTarget;
	/** What the user should know about the targets that were resolved. */
	hints(): Hint[];
}

function unreachableRefusal(parameter: string, url: string): InvalidParameterError {
	return new InvalidParameterError(
		parameter,
		`cannot be used, since the AI Video API cannot reach ${url}`,
		`${SET_WEBHOOK_URL}, or choose a way without a callback.`,
	);
}

/**
 * The resume URL of this execution as the callback.
 *
 * @param parameter the parameter that asked for it
 * @throws {InvalidParameterError} when there is no such address, or the API cannot reach it
 */
export function resolveExecution(
	context: IExecuteFunctions,
	apiBaseUrl: string,
	parameter: string,
): CallbackTarget {
	const url = readResumeUrl(context);
	if (url === null) {
		throw new InvalidParameterError(
			parameter,
			'cannot be used, since this execution has no address to be resumed at',
			'Run the workflow in n8n itself, or choose a way without a callback.',
		);
	}
	if (!isReachableFromApi(url, apiBaseUrl)) throw unreachableRefusal(parameter, url);
	return { callback: 'execution', callbackUrl: url };
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

/**
 * Decides where the callbacks of one run go. Everything that is the same for all items is looked
 * up once.
 */
export async function openTargets(context: IExecuteFunctions): Promise<Targets> {
	const registration = await findRegistration(context);
	const unreachable = new Set<string>();
	const told = new Set<string>();

	const refuseUnreachable = (parameter: string, url: string, apiBaseUrl: string) => {
		if (!isReachableFromApi(url, apiBaseUrl)) throw unreachableRefusal(parameter, url);
	};

	const toTrigger = (apiBaseUrl: string): CallbackTarget => {
		if (registration.kind !== 'registered') {
			throw new InvalidParameterError(
				CALLBACK,
				registration.kind === 'none'
					? 'cannot be used, since this workflow has no Kling Trigger'
					: 'cannot be used, since the workflow is not active and its Kling Trigger does not listen',
				registration.kind === 'none'
					? 'Add a Kling Trigger to this workflow and publish (activate) it. For one in another workflow, choose URL and paste its Production URL.'
					: 'Publish (activate) the workflow first, or choose another Callback while testing.',
			);
		}
		refuseUnreachable(CALLBACK, registration.url, apiBaseUrl);
		return { callback: 'trigger', callbackUrl: registration.url };
	};

	const toUrl = (url: string, apiBaseUrl: string): CallbackTarget => {
		refuseUnreachable(CALLBACK_URL, url, apiBaseUrl);
		return { callback: 'url', callbackUrl: url };
	};

	let automatic: CallbackTarget | undefined;

	const automatically = (apiBaseUrl: string): CallbackTarget => {
		const wanted = (automatic ??= automaticTarget(context, registration, told));
		const { callbackUrl } = wanted;
		if (callbackUrl === undefined || isReachableFromApi(callbackUrl, apiBaseUrl)) return wanted;
		unreachable.add(callbackUrl);
		return NO_CALLBACK;
	};

	return {
		resolve: (setting, apiBaseUrl) => {
			switch (setting.kind) {
				case 'auto':
					return automatically(apiBaseUrl);
				case 'execution':
					if (!isWaitedFor(context)) told.add(NOBODY_WAITS);
					return resolveExecution(context, apiBaseUrl, CALLBACK);
				case 'trigger':
					return toTrigger(apiBaseUrl);
				case 'url':
					return toUrl(setting.url, apiBaseUrl);
				case 'workflow':
					return toUrl(urlOfWorkflow(context, setting), apiBaseUrl);
				case 'none':
					return NO_CALLBACK;
			}
		},
		hints: () => [...[...told].map(warning), ...[...unreachable].map(unreachableHint)],
	};
}

/**
 * The address that stands for a workflow: that of its Kling Trigger, or what was given where it only
 * looks like an address of n8n's editor.
 */
function urlOfWorkflow(
	context: IExecuteFunctions,
	{ workflowId, editorUrl }: Extract<CallbackSetting, { kind: 'workflow' }>,
): string {
	const url = triggerUrlOf(context, workflowId);
	if (editorUrl === null || isOfThisN8n(context, editorUrl)) {
		if (url !== null && workflowId !== 'new') return url;
		throw new InvalidParameterError(
			CALLBACK_URL,
			'names a workflow whose Kling Trigger cannot be found',
			'Publish that workflow and give the Production URL of its Kling Trigger.',
		);
	}
	if (!isWorkflowId(workflowId)) return editorUrl;
	throw new InvalidParameterError(
		CALLBACK_URL,
		`is ${quote(editorUrl)}, the editor of a workflow on another n8n`,
		'Give the Production URL of the Kling Trigger in that workflow.',
	);
}

/** People open the editor at other addresses than the API calls, in their own network above all. */
function isOfThisN8n(context: IExecuteFunctions, editorUrl: string): boolean {
	const { hostname } = new URL(editorUrl);
	const own = [context.getInstanceBaseUrl(), readResumeUrl(context) ?? ''].filter((url) =>
		URL.canParse(url),
	);
	return isPrivateHost(hostname) || own.some((url) => new URL(url).hostname === hostname);
}

/** @param told gets what the user should know, once each */
function automaticTarget(
	context: IExecuteFunctions,
	registration: Registration,
	told: Set<string>,
): CallbackTarget {
	if (isWaitedFor(context)) {
		const url = readResumeUrl(context);
		if (url !== null) return { callback: 'execution', callbackUrl: url };
	}
	if (registration.kind === 'registered') {
		return { callback: 'trigger', callbackUrl: registration.url };
	}
	if (registration.kind === 'inactive') told.add(TRIGGER_SLEEPS);
	return NO_CALLBACK;
}
