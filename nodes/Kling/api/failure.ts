/**
 * Why something did not succeed, as a value: only the doors (`operations/run.ts`, the
 * webhooks and hooks) make an n8n error of it, where node, item and reader are known.
 */
export abstract class Failure {
	/** What happened, for people. */
	abstract readonly message: string;

	/** The task of the item that failed, null where there is none. */
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

/** What n8n itself threw, such as an expression that cannot be evaluated or a file that is not there. */
export class Thrown extends Failure {
	readonly message: string;

	/** @param parameter the name of the one whose expression has thrown it; null for anything else */
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
	 * How far the request certainly got:
	 * - `refused`: the API answered and did nothing, so nothing was charged.
	 * - `notSent`: it never reached the API.
	 * - `unclear`: it may have been carried out, so a create must not be sent again.
	 */
	outcome: 'refused' | 'notSent' | 'unclear';
	status: number | null;
	/** The API's `error.code`, or the network layer's code such as `ECONNREFUSED`. */
	code: string | null;
	/** The API's own text, or what came instead of the promised body. */
	text: string;
	/** What `Retry-After` asked for, in milliseconds; null when it was not there. */
	retryAfterMs: number | null;
	/** What the account has and the video needs, in credits, where the API said that it has too few. */
	shortage?: { balance: number; needed: number };
}

/** A call to the API that did not succeed; `messages.ts` has the words. It holds no request, so no key. */
export class ApiFailure extends Failure {
	readonly detail: FailureDetail;

	constructor(detail: Pick<FailureDetail, 'call' | 'kind' | 'outcome'> & Partial<FailureDetail>) {
		super();
		this.detail = { status: null, code: null, text: '', retryAfterMs: null, ...detail };
	}

	get message(): string {
		const { call, code, status, kind } = this.detail;
		return `${call}: ${code ?? status ?? kind}`;
	}
}

/** Codes that come only before the first byte of a request. Others, an unreachable host included, can come later too. */
const NOT_SENT_CODES = new Set([
	'ENOTFOUND',
	'EAI_AGAIN',
	'ECONNREFUSED',
	// What Node.js finds in a request that it then does not send.
	'ERR_INVALID_URL',
	'ERR_INVALID_CHAR',
	'ERR_INVALID_PROTOCOL',
	'ERR_SOCKET_BAD_PORT',
	'ERR_UNESCAPED_CHARACTERS',
]);

/** OpenSSL's verification results, as Node.js gives them, and its own code for a wrong host name. */
const CERTIFICATE_CODE =
	/^(CERT_|CRL_|ERR_TLS_CERT_ALTNAME_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$)/;

/**
 * Whether the server's certificate was not accepted, which is known before a request is sent. Every other
 * fault of TLS (`ERR_SSL_…`, `EPROTO`) can come after it.
 */
export function isCertificateCode(code: string | null): boolean {
	return CERTIFICATE_CODE.test(code ?? '');
}

/** How far a request got that ended with this network code (null: unknown). */
export function outcomeOfNetworkCode(code: string | null): FailureDetail['outcome'] {
	return NOT_SENT_CODES.has(code ?? '') || isCertificateCode(code) ? 'notSent' : 'unclear';
}

/** How far a request got that was answered with this HTTP status. */
export function outcomeOfStatus(status: number): FailureDetail['outcome'] {
	const answeredWithoutActing = status >= 300 && status < 500 && status !== 408;
	return answeredWithoutActing ? 'refused' : 'unclear';
}

/** What a request helper threw, and what that was caused by: n8n wraps the original (`cause`). */
function causesOf(thrown: unknown, atMost = 5): object[] {
	if (typeof thrown !== 'object' || thrown === null || atMost === 0) return [];
	return [thrown, ...causesOf(Reflect.get(thrown, 'cause'), atMost - 1)];
}

function textOf(cause: object, key: string): string {
	const value: unknown = Reflect.get(cause, key);
	return typeof value === 'string' ? value : '';
}

const CODE = /^[A-Z][A-Z0-9_]+$/;

/**
 * The network layer's code of whatever a request helper threw, or null. n8n's `NodeApiError` itself
 * holds texts for people, and the code only as its `httpCode` (n8n 2.0, which loses the cause).
 */
export function networkCodeOf(thrown: unknown): string | null {
	const codes = causesOf(thrown).flatMap((cause) => [
		textOf(cause, 'code'),
		textOf(cause, 'httpCode'),
	]);
	return codes.find((code) => CODE.test(code)) ?? null;
}

/** What n8n's HTTP client leaves in what it throws. */
const CLIENT_MARKS = ['isAxiosError', 'config', 'request', 'response'];

/**
 * n8n's own reason for a request that it did not hand to its HTTP client, or null where the client
 * had it, or may have had: a `NodeApiError` that has lost its cause (n8n 2.0) tells nothing.
 */
export function hostFaultOf(thrown: unknown): string | null {
	const causes = causesOf(thrown);
	const wasHandedOver =
		networkCodeOf(thrown) !== null ||
		causes.some((cause) => CLIENT_MARKS.some((mark) => Reflect.get(cause, mark) !== undefined));
	const innermost = causes.at(-1);
	if (innermost === undefined || wasHandedOver) return null;
	if (textOf(innermost, 'name') === 'NodeApiError') return null;
	return textOf(innermost, 'message') || null;
}
