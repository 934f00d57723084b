import type { INode } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

import type { ApiFailure, FailureDetail } from './failure';
import { isCertificateCode } from './failure';
import { asksForLong } from './retry';

/** Who reads an error: a person, or the model of an AI Agent that has the node as a tool. */
type Reader = 'person' | 'model';

interface ErrorText {
	/** What happened. */
	message: string;
	/** What to do next. */
	description: string;
}

/** A text before it is known whether something may have been charged. */
interface Draft extends ErrorText {
	/** Why it happened, where that is known. It stands before what to do next. */
	cause?: string;
}

const CALL_NAMES = {
	create: 'create a task',
	getTask: 'read the task',
	getCredits: 'read the credits',
} as const;

/** What to do after a create whose outcome is unclear, whatever made it so. */
const AFTER_UNCLEAR: Record<Reader, string> = {
	person:
		'The task may exist and may have been charged, so it was not sent again. Look for it in the dashboard of the AI Video API before running this item once more.',
	model:
		'Do not call this tool again for the same video. Ask the user to look in the dashboard of the AI Video API whether it is there.',
};

/** What each documented `error.code` means to the user (API docs). */
const TEXT_BY_CODE = new Map<string, Draft>(
	Object.entries<Draft>({
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
				'It kept refusing for five minutes, whatever the pauses between the tries. Send fewer items at once, or try again later.',
		},
		internal_error: {
			message: 'The AI Video API has a fault',
			description: 'Try again in a few minutes.',
		},
		upstream_error: {
			message: 'The generator behind the AI Video API refused or is down',
			cause: 'Sensitive content in prompt or image gives this answer too.',
			description: 'Otherwise try again later.',
		},
		spend_limit_exceeded: {
			message: 'The spending limit of the key is reached',
			description:
				'Its hourly, daily or total limit is used up: raise it in the dashboard or wait for the next period.',
		},
	}),
);

const UNCLEAR: Draft = {
	message: 'It is unclear whether the AI Video API created the task',
	description: AFTER_UNCLEAR.person,
};

function draftForAnswer({ call, status, code, outcome, shortage }: FailureDetail): Draft {
	const documented = code === null ? undefined : TEXT_BY_CODE.get(code);
	if (documented !== undefined) {
		if (call !== 'create') return documented;
		const figures =
			shortage === undefined
				? ''
				: `: it needs about ${shortage.needed}, and the account has ${shortage.balance}`;
		return {
			...documented,
			message: `${documented.message}${figures}`,
			description: `${documented.description} Nothing was charged for this video.`,
		};
	}
	if (status !== null && status >= 300 && status < 400) {
		return {
			message: 'The AI Video API answered with a redirect',
			description:
				'Redirects are not followed, so that the key never leaves its host. Check the Base URL of the credential.',
		};
	}
	if (call === 'create' && outcome === 'unclear') return UNCLEAR;
	if (status === 404) {
		return {
			message: `The AI Video API did not accept the request to ${CALL_NAMES[call]}: nothing is there (404)`,
			description: 'Check the Base URL of the credential: it is not where the API lives.',
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

function draftForNetwork({ call, code, outcome }: FailureDetail): Draft {
	const hint = code === null ? '' : ` (${code})`;
	if (isCertificateCode(code)) {
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
		return { ...UNCLEAR, cause: `The connection ended before an answer came${hint}.` };
	}
	return {
		message: `The connection ended before the AI Video API could ${CALL_NAMES[call]}`,
		description: `It was tried several times${hint}. Try again in a few minutes.`,
	};
}

function draftForContent({ call }: FailureDetail): Draft {
	if (call === 'create') {
		return {
			...UNCLEAR,
			message: 'The AI Video API confirmed the request without naming a task',
		};
	}
	return {
		message: 'The answer of the AI Video API is not what it promises',
		description:
			'Something in between, such as a proxy, may have answered instead. Check the Base URL of the credential.',
	};
}

/** A request that waited behind a pause which the API asked for. */
function draftForPause({ call, retryAfterMs }: FailureDetail): Draft {
	const wait = formatWait(retryAfterMs ?? 0);
	return {
		message: `The AI Video API asks to wait ${wait}, so it was not asked to ${CALL_NAMES[call]}`,
		description: `Nothing was sent for this item, so nothing was charged. Run it again in ${wait}.`,
	};
}

/** n8n's own reason for a request that it did not send. */
function draftForHost({ call, text }: FailureDetail): Draft {
	return {
		message: text,
		description: `n8n gave this reason for not asking the AI Video API to ${CALL_NAMES[call]}. Nothing was sent, so nothing was charged.`,
	};
}

/** `300000` → `5 minutes`. */
function formatWait(ms: number): string {
	const seconds = Math.max(1, Math.ceil(ms / 1000));
	if (seconds < 120) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
	const minutes = Math.ceil(seconds / 60);
	return minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`;
}

/** The draft, and when to come back where that is too far away to wait for. */
function namingTheWait(draft: Draft, detail: FailureDetail): Draft {
	if (!asksForLong(detail)) return draft;
	const wait = formatWait(detail.retryAfterMs ?? 0);
	return {
		...draft,
		message: `${draft.message}; the API asks to wait ${wait}`,
		description: `Run this again in ${wait}. ${draft.description}`,
	};
}

const DRAFT_BY_KIND: Record<FailureDetail['kind'], (detail: FailureDetail) => Draft> = {
	answer: (detail) => namingTheWait(draftForAnswer(detail), detail),
	network: draftForNetwork,
	content: draftForContent,
	host: draftForHost,
	paused: draftForPause,
	earlier: () => ({
		...UNCLEAR,
		cause: 'An earlier try sent this request, and what came of it is not known.',
	}),
};

/** What a failed call means in plain words, and what to do next. Pure. */
export function describeFailure(detail: FailureDetail, reader: Reader = 'person'): ErrorText {
	const { message, cause, description } = DRAFT_BY_KIND[detail.kind](detail);
	const isUnclear = detail.call === 'create' && detail.outcome === 'unclear';
	const next = isUnclear ? AFTER_UNCLEAR[reader] : description;
	return {
		// n8n passes on little more than the message of an item, so the charge has to stand in it.
		message: isUnclear ? `${message}, and the video may have been charged` : message,
		description: cause === undefined ? next : `${cause} ${next}`,
	};
}

/** The failed call as the error n8n shows: words, task, HTTP code, and the API's own text. */
export function toNodeApiError(
	node: INode,
	{ detail, taskId }: ApiFailure,
	itemIndex: number,
	reader: Reader,
): NodeApiError {
	const { message, description } = describeFailure(detail, reader);
	const apiText =
		detail.text === '' || detail.kind === 'host' ? '' : ` The API says: “${detail.text}”`;
	return new NodeApiError(
		node,
		{ message: apiTextWithCode(detail) },
		{
			message: taskId === null ? message : `${message} (task ${taskId})`,
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
