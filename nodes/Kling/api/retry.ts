import type { FailureDetail } from './failure';
import { isCertificateCode } from './failure';

/** How often one request is sent at the most, the first time included. */
export const MAX_ATTEMPTS = 4;

/** The longest wait before one more attempt. Where `Retry-After` asks for more, there is none. */
export const MAX_RETRY_DELAY_MS = 60_000;

const BASE_DELAY_MS = 1_000;

/** Whether the same call, made later, can end in another way. */
export function isTransient({ outcome, status, code }: FailureDetail): boolean {
	return outcome !== 'refused' || (status === 429 && code !== 'spend_limit_exceeded');
}

/**
 * Whether the same request may be sent again after this failure (API docs): neither where that could
 * charge twice, nor where the API wants to be left alone for longer than a run should be held up for.
 */
export function mayRetry(failure: FailureDetail): boolean {
	if (failure.kind === 'host' || asksForLong(failure)) return false;
	if (failure.code === 'rate_limit_exceeded') return true;
	if (failure.call === 'create' && failure.outcome !== 'notSent') return false;
	return isTransient(failure) && !isCertificateCode(failure.code);
}

/**
 * The wait before the next attempt in milliseconds, or null when there must be none.
 *
 * @param attempt how many attempts were made, at least 1
 * @param random a number from 0 to 1 that spreads attempts which failed together
 */
export function retryDelayMs(
	failure: FailureDetail,
	attempt: number,
	random: number,
): number | null {
	if (attempt >= MAX_ATTEMPTS || !mayRetry(failure)) return null;
	const growing = BASE_DELAY_MS * 2 ** (attempt - 1);
	const wanted = Math.max(growing, failure.retryAfterMs ?? 0);
	return Math.min(Math.round(wanted * (1 + random * 0.25)), MAX_RETRY_DELAY_MS);
}

/** Whether the API wants to be left alone for longer than a run should be held up for. */
export function asksForLong({ retryAfterMs }: FailureDetail): boolean {
	return (retryAfterMs ?? 0) > MAX_RETRY_DELAY_MS;
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (API docs); null when it says nothing. */
export function parseRetryAfter(header: unknown, nowMs: number): number | null {
	if (typeof header !== 'string' && typeof header !== 'number') return null;
	const value = String(header).trim();
	if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
	const date = Date.parse(value);
	return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
