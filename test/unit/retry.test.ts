import fc from 'fast-check';

import type { FailureDetail } from '../../nodes/Kling/api/failure';
import { AFTER_FAULT, mayRetry, parseRetryAfter, pauseMs } from '../../nodes/Kling/api/retry';
import { anyFailure } from '../harness/node/anyFailure';
import { answered, networkDetail } from '../harness/node/builders';

const UNCLEAR = { outcome: 'unclear' } as const;
const NOT_SENT = { outcome: 'notSent' } as const;
const NO_TASK_ID = { ...UNCLEAR, kind: 'content' } as const;

test.each<[string, boolean, boolean, FailureDetail]>([
	['a reset connection', false, true, networkDetail({ code: 'ECONNRESET' })],
	['a timeout', false, true, networkDetail({ code: 'ETIMEDOUT' })],
	['an aborted connection', false, true, networkDetail({ code: 'ECONNABORTED' })],
	['an unknown network fault', false, true, networkDetail({ code: null })],
	['internal_error', false, true, answered(500, 'internal_error', UNCLEAR)],
	['upstream_error', false, true, answered(503, 'upstream_error', UNCLEAR)],
	['a proxy’s page', false, true, answered(502, null, UNCLEAR)],
	['408', false, true, answered(408, null, UNCLEAR)],
	['an answer that is cut off', false, true, answered(200, null, NO_TASK_ID)],
	['invalid_request', false, false, answered(400, 'invalid_request')],
	['invalid_api_key', false, false, answered(401, 'invalid_api_key')],
	['insufficient_credits', false, false, answered(402, 'insufficient_credits')],
	['ip_not_allowed', false, false, answered(403, 'ip_not_allowed')],
	['task_not_found', false, false, answered(404, 'task_not_found')],
	['spend_limit_exceeded', false, false, answered(429, 'spend_limit_exceeded')],
	['a redirect', false, false, answered(302, null)],
	['a bad certificate', false, false, networkDetail({ ...NOT_SENT, code: 'CERT_HAS_EXPIRED' })],
	['rate_limit_exceeded', true, true, answered(429, 'rate_limit_exceeded')],
	['a refused connection', true, true, networkDetail({ ...NOT_SENT, code: 'ECONNREFUSED' })],
	['an unresolved name', true, true, networkDetail({ ...NOT_SENT, code: 'ENOTFOUND' })],
])('after %s a create may be sent again: %s, and a read: %s', (_, create, read, failure) => {
	expect(mayRetry({ ...failure, call: 'create' })).toBe(create);
	expect(mayRetry({ ...failure, call: 'getTask' })).toBe(read);
	expect(mayRetry({ ...failure, call: 'getCredits' })).toBe(read);
});

describe('a create', () => {
	test('is never sent again after any unclear outcome', () => {
		fc.assert(
			fc.property(anyFailure, (failure) => {
				fc.pre(failure.code !== 'rate_limit_exceeded');
				expect(mayRetry({ ...failure, call: 'create', outcome: 'unclear' })).toBe(false);
			}),
		);
	});

	test('is not sent again where the API asks for more than a minute', () => {
		const limit = answered(429, 'rate_limit_exceeded');
		expect(mayRetry({ ...limit, retryAfterMs: 60_000 })).toBe(true);
		expect(mayRetry({ ...limit, retryAfterMs: 61_000 })).toBe(false);
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
