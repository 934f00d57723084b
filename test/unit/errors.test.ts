import { NodeApiError } from 'n8n-workflow';
import fc from 'fast-check';

import { describeFailure, toNodeApiError } from '../../nodes/Kling/api/messages';
import type { FailureDetail } from '../../nodes/Kling/api/failure';
import { ApiFailure } from '../../nodes/Kling/api/failure';
import { detail, failure, klingNode, networkDetail, TASK_ID } from '../harness/node/builders';

/** n8n's own rule for texts that users read. */
const FORBIDDEN_WORDS = /\b(error|problem|failure|mistake)\b/i;

const FAILURES: Array<[name: string, failure: FailureDetail, advice: RegExp]> = [
	['invalid_request', detail(), /parameters/],
	[
		'invalid_api_key',
		detail({ status: 401, code: 'invalid_api_key' }),
		/API Key of the credential/,
	],
	['insufficient_credits', detail({ status: 402, code: 'insufficient_credits' }), /Top up/],
	['ip_not_allowed', detail({ status: 403, code: 'ip_not_allowed' }), /allow-list/],
	['model_not_found', detail({ status: 404, code: 'model_not_found' }), /later/],
	['task_not_found', detail({ call: 'getTask', status: 404, code: 'task_not_found' }), /Task ID/],
	['rate_limit_exceeded', detail({ status: 429, code: 'rate_limit_exceeded' }), /later/],
	['spend_limit_exceeded', detail({ status: 429, code: 'spend_limit_exceeded' }), /limit/],
	[
		'internal_error of a create',
		detail({ status: 500, code: 'internal_error', outcome: 'unclear' }),
		/dashboard/,
	],
	[
		'upstream_error of a create',
		detail({ status: 503, code: 'upstream_error', outcome: 'unclear' }),
		/dashboard/,
	],
	[
		'internal_error of a read',
		detail({ call: 'getTask', status: 500, code: 'internal_error', outcome: 'unclear' }),
		/again/,
	],
	['a reset create', networkDetail(), /may have been charged/],
	['a reset read', networkDetail({ call: 'getTask' }), /again/],
	['no connection', networkDetail({ code: 'ECONNREFUSED', outcome: 'notSent' }), /Base URL/],
	['a bad certificate', networkDetail({ code: 'CERT_HAS_EXPIRED', outcome: 'notSent' }), /clock/],
	['a redirect', detail({ status: 302, code: null }), /Base URL/],
	[
		'a page instead of an answer',
		detail({ call: 'getTask', status: 200, code: null, kind: 'content' }),
		/Base URL/,
	],
	[
		'a create without a task id',
		detail({ status: 200, code: null, kind: 'content', outcome: 'unclear' }),
		/charged/,
	],
];

describe('the words for a failed call', () => {
	test.each(FAILURES)('%s: say what to do next', (_, failed, advice) => {
		expect(describeFailure(failed).description).toMatch(advice);
	});

	test.each(FAILURES)('%s: avoid the words n8n forbids', (_, failed) => {
		const { message, description } = describeFailure(failed);
		expect(message).not.toMatch(FORBIDDEN_WORDS);
		expect(description).not.toMatch(FORBIDDEN_WORDS);
	});

	test('never say that nothing was charged when that is unclear', () => {
		const anyDetail = fc.record({
			call: fc.constantFrom('create', 'getTask', 'getCredits'),
			kind: fc.constantFrom('answer', 'network', 'content'),
			outcome: fc.constant('unclear'),
			status: fc.option(fc.constantFrom(200, 408, 500, 502, 503)),
			code: fc.option(fc.constantFrom('internal_error', 'upstream_error', 'ECONNRESET', '500')),
			text: fc.string(),
			retryAfterMs: fc.constant(null),
		} as const);
		fc.assert(
			fc.property(anyDetail, (unclear) => {
				const { description } = describeFailure(unclear);
				expect(description).not.toMatch(/nothing was (charged|sent)/i);
				if (unclear.call === 'create') expect(description).toMatch(/may have been charged/);
			}),
		);
	});

	test('name what the account has and what the video needs, where that is known', () => {
		const shortage = { balance: 90, needed: 220 };
		const poor = detail({ status: 402, code: 'insufficient_credits', shortage });
		expect(describeFailure(poor).message).toBe(
			'The account has too few credits for this video: it needs about 220, and the account has 90',
		);
	});

	test('name the time that the API asks for, where it is more than a minute', () => {
		const limit = detail({ status: 429, code: 'rate_limit_exceeded', retryAfterMs: 300_000 });
		const { message, description } = describeFailure(limit);
		expect(message).toMatch(/; the API asks to wait 5 minutes$/);
		expect(description).toMatch(/^Run this again in 5 minutes\. /);
	});

	test('say of what waits behind a pause that it was not sent', () => {
		const paused = detail({ kind: 'paused', outcome: 'notSent', retryAfterMs: 90_000 });
		const { message, description } = describeFailure(paused);
		expect(message).toMatch(/asks to wait 90 seconds, so it was not asked to create a task$/);
		expect(description).toMatch(/Nothing was sent for this item, so nothing was charged/);
	});

	test('exist for any failure whatsoever', () => {
		const anyDetail = fc.record({
			call: fc.constantFrom('create', 'getTask', 'getCredits'),
			kind: fc.constantFrom('answer', 'network', 'content'),
			outcome: fc.constantFrom('refused', 'notSent', 'unclear'),
			status: fc.option(fc.integer({ min: 200, max: 599 })),
			code: fc.option(
				fc.oneof(fc.string(), fc.constantFrom('toString', '__proto__', 'constructor')),
			),
			text: fc.string(),
			retryAfterMs: fc.option(fc.nat()),
		} as const);
		fc.assert(
			fc.property(anyDetail, (failed) => {
				const { message, description } = describeFailure(failed);
				expect(message.length).toBeGreaterThan(0);
				expect(description.length).toBeGreaterThan(0);
			}),
		);
	});
});

describe('a failed call as n8n’s error', () => {
	const toError = (failed: ApiFailure) =>
		toNodeApiError(klingNode(), failed.about(TASK_ID), 3, 'person');

	test('is a NodeApiError with the HTTP code, the item and the task', () => {
		const error = toError(failure({ call: 'getTask', status: 404, code: 'task_not_found' }));
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error.httpCode).toBe('404');
		expect(error.context).toMatchObject({ itemIndex: 3 });
		expect(error.message).toContain(TASK_ID);
	});

	test.each(FAILURES)('%s: keeps our words, whatever n8n makes of the code', (_, failed) => {
		const error = toNodeApiError(klingNode(), new ApiFailure(failed), 0, 'person');
		const words = describeFailure(failed);
		expect(error.message).toBe(words.message);
		expect(error.description).toContain(words.description);
		expect(error.httpCode).toBe(failed.status === null ? null : String(failed.status));
	});
});
