import fc from 'fast-check';

import type { FailureDetail } from '../../nodes/Kling/api/failure';
import {
	MAX_ATTEMPTS,
	MAX_RETRY_DELAY_MS,
	mayRetry,
	parseRetryAfter,
	retryDelayMs,
} from '../../nodes/Kling/api/retry';
import { detail, networkDetail } from '../harness/node/builders';

const calls = fc.constantFrom('create', 'getTask', 'getCredits');
const reads = ['getTask', 'getCredits'] as const;

const codes = fc.option(
	fc.oneof(
		fc.constantFrom(
			'invalid_request',
			'invalid_api_key',
			'rate_limit_exceeded',
			'spend_limit_exceeded',
			'internal_error',
			'ECONNRESET',
			'ECONNREFUSED',
			'CERT_HAS_EXPIRED',
		),
		fc.string(),
	),
);

const anyFailure: fc.Arbitrary<FailureDetail> = fc.record({
	call: calls,
	kind: fc.constantFrom('answer', 'network', 'content'),
	outcome: fc.constantFrom('refused', 'notSent', 'unclear'),
	status: fc.option(fc.integer({ min: 200, max: 599 })),
	code: codes,
	text: fc.string(),
	retryAfterMs: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true })),
});

const random = fc.double({ min: 0, max: 1, noNaN: true });

describe('a create', () => {
	test.each([
		['a reset connection', networkDetail({ code: 'ECONNRESET' })],
		['a timeout', networkDetail({ code: 'ETIMEDOUT' })],
		['an aborted connection', networkDetail({ code: 'ECONNABORTED' })],
		['an unknown network fault', networkDetail({ code: null })],
		['internal_error', detail({ status: 500, code: 'internal_error', outcome: 'unclear' })],
		['upstream_error', detail({ status: 503, code: 'upstream_error', outcome: 'unclear' })],
		['a proxy’s page', detail({ status: 502, code: null, outcome: 'unclear' })],
		['408', detail({ status: 408, code: null, outcome: 'unclear' })],
		['an answer without a task id', detail({ kind: 'content', status: 200, outcome: 'unclear' })],
		['invalid_request', detail()],
		['invalid_api_key', detail({ status: 401, code: 'invalid_api_key' })],
		['insufficient_credits', detail({ status: 402, code: 'insufficient_credits' })],
		['spend_limit_exceeded', detail({ status: 429, code: 'spend_limit_exceeded' })],
		['a certificate that is not accepted', networkDetail({ code: 'CERT_HAS_EXPIRED' })],
	])('is never sent again after %s', (_, failure) => {
		expect(mayRetry(failure)).toBe(false);
		expect(retryDelayMs(failure, 1, 0)).toBeNull();
	});

	test.each([
		['rate_limit_exceeded', detail({ status: 429, code: 'rate_limit_exceeded' })],
		['a refused connection', networkDetail({ code: 'ECONNREFUSED', outcome: 'notSent' })],
		['a name that is not resolved', networkDetail({ code: 'ENOTFOUND', outcome: 'notSent' })],
	])('may be sent again after %s', (_, failure) => {
		expect(mayRetry(failure)).toBe(true);
	});

	test('is never sent again after any unclear outcome', () => {
		fc.assert(
			fc.property(anyFailure, fc.integer({ min: 1, max: 9 }), random, (failure, attempt, at) => {
				const unclear: FailureDetail = { ...failure, call: 'create', outcome: 'unclear' };
				fc.pre(unclear.code !== 'rate_limit_exceeded');
				expect(retryDelayMs(unclear, attempt, at)).toBeNull();
			}),
		);
	});
});

describe.each(reads)('%s', (call) => {
	test.each([
		['a reset connection', networkDetail({ code: 'ECONNRESET' })],
		['a timeout', networkDetail({ code: 'ETIMEDOUT' })],
		['internal_error', detail({ status: 500, code: 'internal_error', outcome: 'unclear' })],
		['upstream_error', detail({ status: 503, code: 'upstream_error', outcome: 'unclear' })],
		['a proxy’s page', detail({ status: 502, code: null, outcome: 'unclear' })],
		['an answer that is cut off', detail({ kind: 'content', status: 200, outcome: 'unclear' })],
		['rate_limit_exceeded', detail({ status: 429, code: 'rate_limit_exceeded' })],
		['a refused connection', networkDetail({ code: 'ECONNREFUSED', outcome: 'notSent' })],
	])('is tried again after %s', (_, failure) => {
		expect(mayRetry({ ...failure, call })).toBe(true);
	});

	test.each([
		['invalid_api_key', detail({ status: 401, code: 'invalid_api_key' })],
		['ip_not_allowed', detail({ status: 403, code: 'ip_not_allowed' })],
		['task_not_found', detail({ status: 404, code: 'task_not_found' })],
		['spend_limit_exceeded', detail({ status: 429, code: 'spend_limit_exceeded' })],
		['a redirect', detail({ status: 302, code: null })],
		['a certificate that is not accepted', networkDetail({ code: 'CERT_HAS_EXPIRED' })],
	])('is not tried again after %s', (_, failure) => {
		expect(mayRetry({ ...failure, call })).toBe(false);
	});
});

describe('the pauses between attempts', () => {
	const rateLimit = detail({ status: 429, code: 'rate_limit_exceeded' });

	test('grow from one second on, and end', () => {
		const pauses = [1, 2, 3, 4, 5].map((attempt) => retryDelayMs(rateLimit, attempt, 0));
		expect(pauses).toEqual([1_000, 2_000, 4_000, null, null]);
	});

	test('are spread, so that requests that failed together do not come back together', () => {
		expect(retryDelayMs(rateLimit, 1, 0.9)).toBeGreaterThan(retryDelayMs(rateLimit, 1, 0.1) ?? 0);
	});

	test('are at least as long as Retry-After asks', () => {
		expect(retryDelayMs({ ...rateLimit, retryAfterMs: 20_000 }, 1, 0)).toBe(20_000);
	});

	test('do not get shorter because Retry-After asks for less', () => {
		expect(retryDelayMs({ ...rateLimit, retryAfterMs: 10 }, 3, 0)).toBe(4_000);
	});

	test('are bounded in length and number, whatever the failure', () => {
		fc.assert(
			fc.property(anyFailure, fc.integer({ min: 1, max: 99 }), random, (failure, attempt, at) => {
				const delayMs = retryDelayMs(failure, attempt, at);
				if (attempt >= MAX_ATTEMPTS) expect(delayMs).toBeNull();
				expect(delayMs ?? 0).toBeGreaterThanOrEqual(0);
				expect(delayMs ?? 0).toBeLessThanOrEqual(MAX_RETRY_DELAY_MS);
			}),
		);
	});

	test('are there for everything that may be repeated, and for nothing else', () => {
		fc.assert(
			fc.property(anyFailure, random, (failure, at) => {
				expect(retryDelayMs(failure, 1, at) !== null).toBe(mayRetry(failure));
			}),
		);
	});
});

describe('Retry-After', () => {
	const now = Date.parse('2026-03-28T12:00:00Z');

	test.each([
		['0', 0],
		['3', 3_000],
		[' 3 ', 3_000],
		['1.5', 1_500],
		[7, 7_000],
		['Sat, 28 Mar 2026 12:00:30 GMT', 30_000],
		['Sat, 28 Mar 2026 11:00:00 GMT', 0],
	])('%p asks for %d ms', (header, ms) => {
		expect(parseRetryAfter(header, now)).toBe(ms);
	});

	test.each([undefined, null, '', 'soon', ['3'], {}, '-5'])('%p asks for nothing', (header) => {
		expect(parseRetryAfter(header, now) ?? 0).toBe(0);
	});

	test('is a finite time or nothing, whatever the header', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.jsonValue()), (header) => {
				const ms = parseRetryAfter(header, now) ?? 0;
				expect(ms >= 0).toBe(true);
				expect(Number.isNaN(ms)).toBe(false);
			}),
		);
	});
});
