import { z } from 'zod';

/** The calls the API knows. */
export type ApiCall = 'create' | 'getTask' | 'getCredits';

/**
 * How far a request certainly got:
 * - `refused`: the API answered and did nothing, so nothing was charged.
 * - `notSent`: it never reached the API (name not resolved, connection refused, certificate not
 *   accepted).
 * - `unclear`: it may have been carried out, so a create must not be sent again (API docs: there
 *   is no idempotency key).
 */
export type SendOutcome = 'refused' | 'notSent' | 'unclear';

export interface FailureDetail {
	call: ApiCall;
	kind: 'answer' | 'network' | 'content';
	outcome: SendOutcome;
	/** HTTP status, null when there was no answer. */
	status: number | null;
	/** The API's `error.code`, or the network layer's code such as `ECONNREFUSED`. */
	code: string | null;
	/** The API's own text, or what came instead of the promised body. */
	text: string;
	/** What `Retry-After` asked for, in milliseconds; null when it was not there. */
	retryAfterMs: number | null;
}

/**
 * A call to the API that did not succeed, as plain data: it never holds the request, so it cannot
 * hold the key. `errors.ts` turns it into what the user reads.
 */
export class ApiFailure extends Error {
	constructor(readonly detail: FailureDetail) {
		super(`${detail.call}: ${detail.code ?? detail.status ?? detail.kind}`);
		this.name = 'ApiFailure';
	}
}

/** Codes that come only before the first byte of a request. Others, an unreachable host included, can come later too. */
const NOT_SENT_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED']);

/** Node.js gives OpenSSL's verification results as codes, and one of its own for a wrong host name. */
const CERTIFICATE_CODE =
	/^(CERT_|CRL_|ERR_TLS_CERT_ALTNAME_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$)/;

/**
 * Whether this network code means that the server's certificate was not accepted, which is known
 * before a request is sent. Every other fault of TLS (`ERR_SSL_…`, `EPROTO`) can come after it.
 */
export function isCertificateCode(code: string | null): boolean {
	return code !== null && CERTIFICATE_CODE.test(code);
}

/** How far a request got that ended with this network code (null: unknown). */
export function outcomeOfNetworkCode(code: string | null): SendOutcome {
	if (code === null) return 'unclear';
	return NOT_SENT_CODES.has(code) || isCertificateCode(code) ? 'notSent' : 'unclear';
}

/** How far a request got that was answered with this HTTP status. */
export function outcomeOfStatus(status: number): SendOutcome {
	const answeredWithoutActing = status >= 300 && status < 500 && status !== 408;
	return answeredWithoutActing ? 'refused' : 'unclear';
}

const errorLink = z.object({ code: z.unknown(), cause: z.unknown() }).partial();
const MAX_CAUSES = 5;

/**
 * The network layer's code of whatever a request helper threw, or null. n8n wraps the original in
 * a `NodeApiError` (`cause`), whose own fields hold texts for people and no code.
 */
export function networkCodeOf(thrown: unknown): string | null {
	let current = thrown;
	for (let depth = 0; depth < MAX_CAUSES; depth++) {
		const link = errorLink.safeParse(current);
		if (!link.success) return null;
		if (typeof link.data.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(link.data.code)) {
			return link.data.code;
		}
		current = link.data.cause;
	}
	return null;
}

/**
 * The result of a call, with an {@link ApiFailure} as a value instead of an exception.
 *
 * @throws whatever else went wrong
 */
export async function failureAsValue<T>(call: Promise<T>): Promise<T | ApiFailure> {
	return await call.catch((thrown: unknown) => {
		if (thrown instanceof ApiFailure) return thrown;
		throw thrown;
	});
}
