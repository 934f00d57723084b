/** Why something failed, as a value. `toNodeError` (result/item.ts) turns it into an n8n error. */
export abstract class Failure {
	abstract readonly message: string;

	/** The task of the item that failed. */
	taskId: string | null = null;

	/** The same failure, of an item that has a task. */
	about(taskId: string | null): this {
		const copy: this = Object.create(this);
		copy.taskId = taskId;
		return copy;
	}
}

/** What a call gave, or why it gave nothing. */
export type Settled<T> = T | Failure;

/** What succeeded. */
export function valuesOf<T>(settled: ReadonlyArray<Settled<T>>): T[] {
	return settled.filter((one): one is T => !(one instanceof Failure));
}

/** Something that a person must mend, such as a parameter: nothing was sent. */
export class Refusal extends Failure {
	constructor(
		readonly message: string,
		readonly hint: string,
	) {
		super();
	}
}

/** An item that was not come to, since another one ends the run. */
export class Unreached extends Failure {
	readonly message = 'Another item ended the run first';
}

/** What n8n itself threw, such as a file that is not there, or the expression of a parameter. */
export class Thrown extends Failure {
	readonly message: string;

	constructor(
		readonly error: unknown,
		readonly parameter: string | null = null,
	) {
		super();
		const said = error instanceof Error ? error.message : String(error);
		this.message = parameter === null ? said : `'${parameter}' cannot be evaluated: ${said}`;
	}
}

export type ApiCall = 'create' | 'getTask' | 'getCredits';

export interface FailureDetail {
	call: ApiCall;
	/**
	 * - `host`: n8n itself could not send the request, and `text` is its own reason.
	 * - `earlier`: nothing was sent now, since an earlier try may have done so already.
	 * - `paused`: nothing was sent, since the API asked for a pause in answer to another request.
	 */
	kind: 'answer' | 'network' | 'content' | 'host' | 'earlier' | 'paused';
	/**
	 * - `refused`: the API answered and did nothing, so nothing was charged.
	 * - `notSent`: it certainly never reached the API.
	 * - `unclear`: it may have been carried out, so a create must not be sent again.
	 */
	outcome: 'refused' | 'notSent' | 'unclear';
	status: number | null;
	/** The API's `error.code`, or the network layer's code such as `ECONNREFUSED`. */
	code: string | null;
	/** The API's own text, or what came instead of the promised body. */
	text: string;
	retryAfterMs: number | null;
	/** The account's balance and what the video needs, in credits, where the API said that it has too few. */
	shortage?: { balance: number; needed: number };
}

/** A call to the API that did not succeed; `messages.ts` has the words. It holds no request, so no key. */
export class ApiFailure extends Failure {
	readonly detail: FailureDetail;

	constructor(given: Pick<FailureDetail, 'call' | 'kind'> & Partial<FailureDetail>) {
		super();
		const detail = { status: null, code: null, text: '', retryAfterMs: null, ...given };
		this.detail = { ...detail, outcome: outcomeOf(detail) };
	}

	get message(): string {
		const { call, code, status, kind } = this.detail;
		return `${call}: ${code ?? status ?? kind}`;
	}
}

/** Codes that come only before the first byte of a request. Others, an unreachable host included, can come later too. */
const NOT_SENT_CODES = new Set<string | null>(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED']);

/** OpenSSL's verification results, as Node.js gives them, and its own code for a wrong host name. */
const CERTIFICATE_CODE =
	/^(CERT_|CRL_|ERR_TLS_CERT_ALTNAME_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$)/;

/** Whether the certificate was not accepted, as is known before sending. Other faults of TLS can come later. */
export function isCertificateCode(code: string | null): boolean {
	return CERTIFICATE_CODE.test(code ?? '');
}

function outcomeOf(detail: Omit<FailureDetail, 'outcome'>): FailureDetail['outcome'] {
	const { kind, code, status } = detail;
	if (kind === 'host' || kind === 'paused') return 'notSent';
	if (kind === 'network') {
		return NOT_SENT_CODES.has(code) || isCertificateCode(code) ? 'notSent' : 'unclear';
	}
	const isAnswered = status !== null && status >= 300 && status < 500;
	return isAnswered && status !== 408 ? 'refused' : 'unclear';
}
