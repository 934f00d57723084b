import type { INode } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import type { ApiFailure, FailureDetail } from './failure';
import { isTlsCode } from './failure';

export interface ErrorText {
	/** What happened. */
	message: string;
	/** What to do next. */
	description: string;
}

const CALL_NAMES = {
	create: 'create a task',
	getTask: 'read the task',
	getCredits: 'read the credits',
} as const;

const MAY_EXIST =
	'The task may exist and may have been charged, so it was not sent again. Look for it in the dashboard of the AI Video API before running this item once more.';

/** What each documented `error.code` means to the user (API docs). */
const TEXT_BY_CODE = new Map<string, ErrorText>(
	Object.entries({
		invalid_request: {
			message: 'The AI Video API did not accept the request',
			description: 'Check the parameters of this node against what the API says below.',
		},
		invalid_api_key: {
			message: 'The AI Video API refused the key',
			description:
				'Check the API Key of the credential: it starts with “sk-” and must not be disabled or deleted. A banned account gives the same answer.',
		},
		insufficient_credits: {
			message: 'The account has too few credits for this video',
			description: 'Top up under Dashboard > Billing, then run this node again.',
		},
		ip_not_allowed: {
			message: 'The key may not be used from this address',
			description:
				'Add the public IP address of this n8n to the allow-list of the key, or clear that list.',
		},
		model_not_found: {
			message: 'The AI Video API does not offer Kling 2.6 at the moment',
			description: 'The model is switched off or unknown there. Try again later.',
		},
		task_not_found: {
			message: 'The AI Video API does not know this task',
			description:
				'Check the Task ID, and that the credential belongs to the account that created the task.',
		},
		rate_limit_exceeded: {
			message: 'The AI Video API is receiving too many requests',
			description:
				'It kept refusing after several tries with growing pauses. Send fewer items at once, or try again later.',
		},
		internal_error: {
			message: 'The AI Video API has a fault',
			description: 'Try again in a few minutes.',
		},
		upstream_error: {
			message: 'The generator behind the AI Video API refused or is down',
			description:
				'Sensitive content in prompt or image gives this answer too. Otherwise try again later.',
		},
		spend_limit_exceeded: {
			message: 'The spending limit of the key is reached',
			description:
				'Its hourly, daily or total limit is used up: raise it in the dashboard or wait for the next period.',
		},
	}),
);

function textForAnswer({ call, status, code, outcome }: FailureDetail): ErrorText {
	const documented = code === null ? undefined : TEXT_BY_CODE.get(code);
	if (documented !== undefined) {
		if (call !== 'create') return documented;
		const charge = outcome === 'refused' ? 'Nothing was charged.' : MAY_EXIST;
		return { ...documented, description: `${documented.description} ${charge}` };
	}
	if (status !== null && status >= 300 && status < 400) {
		return {
			message: 'The AI Video API answered with a redirect',
			description:
				'Redirects are not followed, so that the key never leaves its host. Check the Base URL of the credential.',
		};
	}
	if (call === 'create' && outcome === 'unclear') {
		return {
			message: 'It is unclear whether the AI Video API created the task',
			description: MAY_EXIST,
		};
	}
	if (status === 401 || status === 403) {
		return {
			message: 'The AI Video API refused access',
			description: 'Check the API Key and the Base URL of the credential.',
		};
	}
	if (status !== null && status >= 500) {
		return {
			message: `The AI Video API could not ${CALL_NAMES[call]}`,
			description: 'The service has a fault or is down. Try again in a few minutes.',
		};
	}
	return {
		message: `The AI Video API did not accept the request to ${CALL_NAMES[call]}`,
		description: 'Check the Base URL of the credential and what the API says below.',
	};
}

function textForNetwork({ call, code, outcome }: FailureDetail): ErrorText {
	const hint = code === null ? '' : ` (${code})`;
	if (isTlsCode(code)) {
		return {
			message: 'The certificate of the AI Video API was not accepted',
			description: `No secure connection could be made${hint}. Check the Base URL, the clock of this machine, and any proxy in between.`,
		};
	}
	if (outcome === 'notSent') {
		return {
			message: 'The AI Video API cannot be reached',
			description: `No connection could be made${hint}, so nothing was sent. Check the Base URL of the credential and the network of this n8n.`,
		};
	}
	if (call === 'create') {
		return {
			message: 'It is unclear whether the AI Video API created the task',
			description: `The connection ended before an answer came${hint}. ${MAY_EXIST}`,
		};
	}
	return {
		message: `The connection ended before the AI Video API could ${CALL_NAMES[call]}`,
		description: `It was tried several times${hint}. Try again in a few minutes.`,
	};
}

function textForContent({ call }: FailureDetail): ErrorText {
	if (call === 'create') {
		return {
			message: 'The AI Video API confirmed the request without naming a task',
			description: MAY_EXIST,
		};
	}
	return {
		message: 'The answer of the AI Video API is not what it promises',
		description:
			'Something in between, such as a proxy, may have answered instead. Check the Base URL of the credential.',
	};
}

/** What a failed call means in plain words, and what to do next. Pure. */
export function describeFailure(detail: FailureDetail): ErrorText {
	if (detail.kind === 'network') return textForNetwork(detail);
	return detail.kind === 'content' ? textForContent(detail) : textForAnswer(detail);
}

export interface ErrorPlace {
	itemIndex?: number;
	/** Names the task the call was about, when there is one. */
	taskId?: string;
}

/** The failed call as the error n8n shows: words, HTTP code, and the API's own text. */
export function toNodeApiError(
	node: INode,
	failure: ApiFailure,
	{ itemIndex, taskId }: ErrorPlace = {},
): NodeApiError {
	const { detail } = failure;
	const { message, description } = describeFailure(detail);
	const apiText = detail.text === '' ? '' : ` The API says: “${detail.text}”`;
	return new NodeApiError(
		node,
		{ message: apiTextWithCode(detail) },
		{
			message: taskId === undefined ? message : `${message} (task ${taskId})`,
			description: `${description}${apiText}`,
			httpCode: detail.status === null ? undefined : String(detail.status),
			itemIndex,
		},
	);
}

function apiTextWithCode({ status, code, text }: FailureDetail): string {
	return [status === null ? '' : `HTTP ${status}`, code ?? '', text]
		.filter((part) => part !== '')
		.join(' · ');
}
