import { type FailureDetail, isCertificateCode } from './failure';

/** The longest pause that a run is held up for. Where `Retry-After` asks for more, it ends. */
export const MAX_PAUSE_MS = 60_000;

/** How long a rate limit may refuse everything before a run gives up. */
export const MAX_LIMITED_MS = 300_000;

/** Between the tries of one request, and after passing faults of whatever is done again. */
export const AFTER_FAULT = { firstMs: 1_000, factor: 2, longestMs: MAX_PAUSE_MS };

export type Growth = typeof AFTER_FAULT;

/**
 * The one formula for pauses, numbered from 1 on: `factor` times as long each time, and up to a fifth more, so that
 * what failed together is not tried together again; at most `longestMs`, unless the other side asked for more.
 */
export function pauseMs(growth: Growth, count: number, atLeastMs: number | null = null): number {
	const { firstMs, factor, longestMs } = growth;
	const grown = Math.max(firstMs * factor ** (count - 1), atLeastMs ?? 0);
	const spread = grown * (1 + Math.random() * 0.2);
	return Math.round(Math.min(spread, Math.max(longestMs, atLeastMs ?? 0)));
}

/** Whether the rate limit refused it: certainly before any charge (API docs). */
export function isRateLimit({ status, code }: FailureDetail): boolean {
	return status === 429 && code === 'rate_limit_exceeded';
}

/** Whether the API did nothing, and would do nothing for the same request later. */
export function isRefusedForGood({ outcome, status, code }: FailureDetail): boolean {
	return outcome === 'refused' && (status !== 429 || code === 'spend_limit_exceeded');
}

/** Whether the same request may be sent again after this failure (API docs): not where that could charge twice. */
export function mayRetry(failure: FailureDetail): boolean {
	if (failure.kind === 'host' || asksForLong(failure)) return false;
	if (isRateLimit(failure)) return true;
	if (failure.call === 'create' && failure.outcome !== 'notSent') return false;
	return !isRefusedForGood(failure) && !isCertificateCode(failure.code);
}

/** Whether the API wants to be left alone for longer than a run should be held up for. */
export function asksForLong({ retryAfterMs }: FailureDetail): boolean {
	return (retryAfterMs ?? 0) > MAX_PAUSE_MS;
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (API docs); null when it says nothing. */
export function parseRetryAfter(header: unknown, nowMs: number): number | null {
	if (typeof header !== 'string' && typeof header !== 'number') return null;
	const value = String(header).trim();
	if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
	const date = Date.parse(value);
	return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
