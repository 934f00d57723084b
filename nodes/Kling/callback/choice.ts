import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { readResumeUrl } from '../execution';
import { isNodeType } from '../names';
import { InvalidParameter, parseCallbackUrl } from '../task/request';
import { isReachableFromApi } from './address';
import { findRegistration } from './registration';

/** The ways a task's end can be reported. */
export type CallbackWay = 'execution' | 'trigger' | 'url' | 'none';

/** Where the API is asked to report the end of a task. */
export interface CallbackChoice {
	callback: CallbackWay;
	callbackUrl: string | undefined;
}

export const NO_CALLBACK: CallbackChoice = { callback: 'none', callbackUrl: undefined };

const PARAMETER = 'Callback';

const SET_WEBHOOK_URL =
	'Set the environment variable WEBHOOK_URL of n8n to the public address of this instance';

/** Said when a callback was wanted but cannot arrive. */
export function unreachableHint(url: string): string {
	return `No callback was asked for, since the AI Video API cannot reach ${url}. ${SET_WEBHOOK_URL} to be called back; until then Wait looks at the task at intervals.`;
}

export interface Chooser {
	/** @throws {InvalidParameter} when the chosen way is not to be had */
	choose(itemIndex: number): CallbackChoice;
	/** What the user should know about the choices made. */
	hints(): string[];
}

function unreachableRefusal(parameter: string, url: string): InvalidParameter {
	return new InvalidParameter(
		parameter,
		`the AI Video API cannot reach ${url}`,
		`${SET_WEBHOOK_URL}, or choose a way without a callback.`,
	);
}

/**
 * The resume URL of this execution as the callback.
 *
 * @param parameter the parameter that asked for it
 * @throws {InvalidParameter} when there is no such address, or the API cannot reach it
 */
export function chooseExecution(
	context: IExecuteFunctions,
	apiBaseUrl: string,
	parameter: string,
): CallbackChoice {
	const url = readResumeUrl(context);
	if (url === null) {
		throw new InvalidParameter(
			parameter,
			'this execution has no address to be resumed at',
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
export function openChooser(context: IExecuteFunctions, apiBaseUrl: string): Chooser {
	const unreachable = new Set<string>();
	const reachable = (url: string) => isReachableFromApi(url, apiBaseUrl);

	const refuseUnreachable = (url: string) => {
		throw unreachableRefusal(PARAMETER, url);
	};

	const toTrigger = (): CallbackChoice => {
		const registration = findRegistration(context);
		if (registration.kind !== 'registered') {
			throw new InvalidParameter(
				PARAMETER,
				registration.kind === 'none'
					? 'this workflow has no Kling Trigger'
					: 'the workflow is not active, so its Kling Trigger does not listen',
				registration.kind === 'none'
					? 'Add a Kling Trigger to this workflow and publish (activate) it. For one in another workflow, choose URL and paste its Production URL.'
					: 'Publish (activate) the workflow first, or choose another Callback while testing.',
			);
		}
		if (!reachable(registration.url)) refuseUnreachable(registration.url);
		return { callback: 'trigger', callbackUrl: registration.url };
	};

	const toUrl = (itemIndex: number): CallbackChoice => {
		const url = parseCallbackUrl(context.getNodeParameter('callbackUrl', itemIndex, ''));
		if (!reachable(url)) refuseUnreachable(url);
		return { callback: 'url', callbackUrl: url };
	};

	const automatically = (): CallbackChoice => {
		const wanted = automaticWish(context);
		if (wanted.callbackUrl === undefined || reachable(wanted.callbackUrl)) return wanted;
		unreachable.add(wanted.callbackUrl);
		return NO_CALLBACK;
	};

	let automatic: CallbackChoice | undefined;

	return {
		choose: (itemIndex) => {
			const way = context.getNodeParameter('callback', itemIndex, 'auto');
			switch (way) {
				case 'auto':
					return (automatic ??= automatically());
				case 'execution':
					return chooseExecution(context, apiBaseUrl, PARAMETER);
				case 'trigger':
					return toTrigger();
				case 'url':
					return toUrl(itemIndex);
				case 'none':
					return NO_CALLBACK;
				default:
					throw new InvalidParameter(
						PARAMETER,
						`“${String(way)}” is not one of the ways`,
						'Use auto, execution, trigger, url or none.',
					);
			}
		},
		hints: () => [...unreachable].map(unreachableHint),
	};
}

function automaticWish(context: IExecuteFunctions): CallbackChoice {
	if (isWaitedFor(context)) {
		const url = readResumeUrl(context);
		if (url !== null) return { callback: 'execution', callbackUrl: url };
	}
	const registration = findRegistration(context);
	if (registration.kind === 'registered') {
		return { callback: 'trigger', callbackUrl: registration.url };
	}
	return NO_CALLBACK;
}
