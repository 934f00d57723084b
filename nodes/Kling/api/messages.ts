import { type FailureDetail, isCertificateCode } from './failure';
import { asksForLong, isRateLimit } from './retry';

/** What happened, what to do next, and why it happened, where that is known. */
type Words = [message: string, next: string, cause?: string];

/** What each documented `error.code` means to the user (API docs). */
const DOCUMENTED = new Map(
	Object.entries<Words>({
		invalid_request: [
			'The AI Video API did not accept the request',
			'Check the parameters of this node against what the API says below.',
		],
		invalid_api_key: [
			'The AI Video API refused the key',
			'Check the API Key of the credential: it starts with “sk-” and must not be disabled or deleted. A banned account gives the same answer.',
		],
		insufficient_credits: [
			'The account has too few credits for this video',
			'Top up under Dashboard > Billing, then run this node again.',
		],
		ip_not_allowed: [
			'The key may not be used from this address',
			'Add the public IP address of this n8n to the allow-list of the key, or clear that list.',
		],
		model_not_found: [
			'The AI Video API does not offer Kling 2.6 at the moment',
			'The model is switched off or unknown there. Try again later.',
		],
		task_not_found: [
			'The AI Video API does not know this task',
			'Check the Task ID, and that the credential belongs to the account that created the task.',
		],
		rate_limit_exceeded: [
			'The AI Video API is receiving too many requests',
			'Send fewer items at once, or try again later.',
			'It kept refusing for five minutes, whatever the pauses between the tries.',
		],
		internal_error: ['The AI Video API has a fault', 'Try again in a few minutes.'],
		upstream_error: [
			'The generator behind the AI Video API refused or is down',
			'Otherwise try again later.',
			'Sensitive content in prompt or image gives this answer too.',
		],
		spend_limit_exceeded: [
			'The spending limit of the key is reached',
			'Its hourly, daily or total limit is used up: raise it in the dashboard or wait for the next period.',
		],
	}),
);

/** What to do after an unclear create: for people, or for the model of an AI Agent that has the node as a tool. */
const AFTER_UNCLEAR = {
	person:
		'The task may exist and may have been charged, so it was not sent again. Look for it in the dashboard of the AI Video API before running this item once more.',
	model:
		'Do not call this tool again for the same video. Ask the user to look in the dashboard of the AI Video API whether it is there.',
};

const UNCLEAR = 'It is unclear whether the AI Video API created the task';

const CALL_NAMES = {
	create: 'create a task',
	getTask: 'read the task',
	getCredits: 'read the credits',
};

/** What a failure means that has no documented code. What to do is left empty after an unclear create. */
function wordsFor({ kind, call, code, status, outcome, text }: FailureDetail, wait: string): Words {
	const to = CALL_NAMES[call];
	const named = code === null ? '' : ` (${code})`;
	const isUnclear = call === 'create' && outcome === 'unclear';
	switch (kind) {
		case 'paused':
			return [
				`The AI Video API asks to wait ${wait}, so it was not asked to ${to}`,
				`Nothing was sent for this item, so nothing was charged. Run it again in ${wait}.`,
			];
		case 'host':
			return [
				text,
				`n8n gave this reason for not asking the AI Video API to ${to}. Nothing was sent, so nothing was charged.`,
			];
		case 'earlier':
			return [UNCLEAR, '', 'An earlier try sent this request, and what came of it is not known.'];
		case 'content':
			if (isUnclear) return ['The AI Video API confirmed the request without naming a task', ''];
			return [
				'The answer of the AI Video API is not what it promises',
				'Something in between, such as a proxy, may have answered instead. Check the Base URL of the credential.',
			];
		case 'network':
			if (isCertificateCode(code)) {
				return [
					'The certificate of the AI Video API was not accepted',
					`No secure connection could be made${named}. Check the Base URL, the clock of this machine, and any proxy in between.`,
				];
			}
			if (outcome === 'notSent') {
				return [
					'The AI Video API cannot be reached',
					`No connection could be made${named}, so nothing was sent. Check the Base URL of the credential and the network of this n8n.`,
				];
			}
			if (isUnclear) {
				return [UNCLEAR, '', `The connection ended before an answer came${named}.`];
			}
			return [
				`The connection ended before the AI Video API could ${to}`,
				`It was tried several times${named}. Try again in a few minutes.`,
			];
		case 'answer':
			if (isUnclear) return [UNCLEAR, ''];
			return wordsForStatus(status ?? 0, to);
	}
}

function wordsForStatus(status: number, to: string): Words {
	const notAccepted = `The AI Video API did not accept the request to ${to}`;
	if (status >= 500) {
		return [
			`The AI Video API could not ${to}`,
			'The service has a fault or is down. Try again in a few minutes.',
		];
	}
	if (status === 404) {
		return [
			`${notAccepted}: nothing is there (404)`,
			'Check the Base URL of the credential: it is not where the API lives.',
		];
	}
	if (status === 401 || status === 403) {
		return [
			'The AI Video API refused access',
			'Check the API Key and the Base URL of the credential.',
		];
	}
	if (status >= 300 && status < 400) {
		return [
			'The AI Video API answered with a redirect',
			'Redirects are not followed, so that the key never leaves its host. Check the Base URL of the credential.',
		];
	}
	return [notAccepted, 'Check the Base URL of the credential and what the API says below.'];
}

function formatWait(ms: number): string {
	const seconds = Math.max(1, Math.ceil(ms / 1000));
	if (seconds < 120) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
	const minutes = Math.ceil(seconds / 60);
	return minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`;
}

/** What a failed call means in plain words, what to do next, and the API's own text. Pure. */
export function describeFailure(
	detail: FailureDetail,
	audience: keyof typeof AFTER_UNCLEAR = 'person',
): { message: string; description: string } {
	const { kind, call, code, text, outcome, shortage } = detail;
	const wait = formatWait(detail.retryAfterMs ?? 0);
	const documented = kind === 'answer' ? DOCUMENTED.get(code ?? '') : undefined;
	const [message, next, cause] = documented ?? wordsFor(detail, wait);
	const isCreate = call === 'create';
	const isUnclear = isCreate && outcome === 'unclear';
	const isLong = kind === 'answer' && asksForLong(detail);
	const happened = [
		message,
		shortage && `: it needs about ${shortage.needed}, and the account has ${shortage.balance}`,
		isLong && `; the API asks to wait ${wait}`,
		// n8n passes on little more than the message of an item, so the charge has to stand in it.
		isUnclear && ', and the video may have been charged',
	];
	const explained = [
		!(isLong && isRateLimit(detail)) && cause,
		isLong && !isUnclear && `Run this again in ${wait}.`,
		isUnclear ? AFTER_UNCLEAR[audience] : next,
		isCreate && !isUnclear && documented && 'Nothing was charged for this video.',
		text !== '' && kind !== 'host' && `The API says: “${text}”`,
	];
	return {
		message: happened.filter(Boolean).join(''),
		description: explained.filter(Boolean).join(' '),
	};
}
