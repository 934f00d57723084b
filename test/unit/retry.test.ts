import fc from 'fast-check';

import type { FailureDetail } from '../../nodes/Kling/api/failure';
import { AFTER_FAULT, mayRetry, parseRetryAfter, pauseMs } from '../../nodes/Kling/api/retry';
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
			fc.property(anyFailure, (failure) => {
				fc.pre(failure.code !== 'rate_limit_exceeded');
				expect(mayRetry({ ...failure, call: 'create', outcome: 'unclear' })).toBe(false);
			}),
		);
	});

	test('is not sent again where the API asks for more than a minute', () => {
		const limit = detail({ status: 429, code: 'rate_limit_exceeded' });
		expect(mayRetry({ ...limit, retryAfterMs: 60_000 })).toBe(true);
		expect(mayRetry({ ...limit, retryAfterMs: 61_000 })).toBe(false);
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

describe('a pause', () => {
	const pausesOf = (count: number) => [1, 2, 3, 4].map(() => pauseMs(AFTER_FAULT, count));
	const shortest = (count: number) => Math.min(...pausesOf(count));

	test('grows from one second on, to a minute', () => {
		const random = jest.spyOn(Math, 'random').mockReturnValue(0);
		expect([1, 2, 3, 4, 20].map(shortest)).toEqual([1_000, 2_000, 4_000, 8_000, 60_000]);
		random.mockRestore();
	});

	test('is at least as long as Retry-After asks, and not shorter because it asks for less', () => {
		expect(pauseMs(AFTER_FAULT, 1, 20_000)).toBeGreaterThanOrEqual(20_000);
		expect(pauseMs(AFTER_FAULT, 1, 90_000)).toBe(90_000);
		expect(pauseMs(AFTER_FAULT, 3, 10)).toBeGreaterThanOrEqual(4_000);
	});

	test('keeps within its longest and a fifth of its length, whatever it is for', () => {
		const growth = fc.record({
			firstMs: fc.integer({ min: 1, max: 600_000 }),
			factor: fc.double({ min: 1, max: 4, noNaN: true }),
			longestMs: fc.integer({ min: 1, max: 3_600_000 }),
		});
		fc.assert(
			fc.property(growth, fc.integer({ min: 1, max: 500 }), (one, count) => {
				const ms = pauseMs(one, count);
				const grown = one.firstMs * one.factor ** (count - 1);
				expect(ms).toBeGreaterThanOrEqual(Math.floor(Math.min(grown, one.longestMs)));
				expect(ms).toBeLessThanOrEqual(Math.ceil(Math.min(grown * 1.2, one.longestMs)));
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
