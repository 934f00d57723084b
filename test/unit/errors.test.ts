import { NodeApiError } from 'n8n-workflow';
import fc from 'fast-check';

import { describeFailure } from '../../nodes/Kling/api/messages';
import type { FailureDetail } from '../../nodes/Kling/api/failure';
import { ApiFailure } from '../../nodes/Kling/api/failure';
import { toNodeError } from '../../nodes/Kling/result/item';
import { anyFailure } from '../harness/node/anyFailure';
import {
	answered,
	detail,
	failure,
	klingNode,
	networkDetail,
	TASK_ID,
} from '../harness/node/builders';

/** n8n's own rule for texts that users read. */
const FORBIDDEN_WORDS = /\b(error|problem|failure|mistake)\b/i;

const UNCLEAR = { outcome: 'unclear' } as const;
const NOT_SENT = { outcome: 'notSent' } as const;
const READ = { call: 'getTask' } as const;
const NO_ANSWER = { kind: 'content' } as const;

const FAILURES: Array<[name: string, failure: FailureDetail, advice: RegExp]> = [
	['invalid_request', detail(), /parameters/],
	['invalid_api_key', answered(401, 'invalid_api_key'), /API Key of the credential/],
	['insufficient_credits', answered(402, 'insufficient_credits'), /Top up/],
	['ip_not_allowed', answered(403, 'ip_not_allowed'), /allow-list/],
	['model_not_found', answered(404, 'model_not_found'), /later/],
	['task_not_found', answered(404, 'task_not_found', READ), /Task ID/],
	['rate_limit_exceeded', answered(429, 'rate_limit_exceeded'), /later/],
	['spend_limit_exceeded', answered(429, 'spend_limit_exceeded'), /limit/],
	['internal_error of a create', answered(500, 'internal_error', UNCLEAR), /dashboard/],
	['upstream_error of a create', answered(503, 'upstream_error', UNCLEAR), /dashboard/],
	['internal_error of a read', answered(500, 'internal_error', { ...UNCLEAR, ...READ }), /again/],
	['a reset create', networkDetail(), /may have been charged/],
	['a reset read', networkDetail(READ), /again/],
	['no connection', networkDetail({ ...NOT_SENT, code: 'ECONNREFUSED' }), /Base URL/],
	['a bad certificate', networkDetail({ ...NOT_SENT, code: 'CERT_HAS_EXPIRED' }), /clock/],
	['a redirect', answered(302, null), /Base URL/],
	['a page instead of an answer', answered(200, null, { ...NO_ANSWER, ...READ }), /Base URL/],
	['no task id', answered(200, null, { ...NO_ANSWER, ...UNCLEAR }), /charged/],
];

describe('the words for a failed call', () => {
	test.each(FAILURES)('%s: say what to do next, in words that n8n allows', (_, failed, advice) => {
		const { message, description } = describeFailure(failed);
		expect(description).toMatch(advice);
		expect(message).not.toMatch(FORBIDDEN_WORDS);
		expect(description).not.toMatch(FORBIDDEN_WORDS);
	});

	test('never say that nothing was charged when that is unclear', () => {
		const faults = fc.constantFrom('internal_error', 'upstream_error', 'ECONNRESET', '500', null);
		const statuses = fc.constantFrom(200, 408, 500, 502, 503, null);
		fc.assert(
			fc.property(anyFailure, statuses, faults, (failed, status, code) => {
				const unclear = { ...failed, ...UNCLEAR, status, code, retryAfterMs: null };
				const { description } = describeFailure(unclear);
				expect(description).not.toMatch(/nothing was (charged|sent)/i);
				if (unclear.call === 'create') expect(description).toMatch(/may have been charged/);
			}),
		);
	});

	test('name what the account has and what the video needs, where that is known', () => {
		const shortage = { balance: 90, needed: 220 };
		const poor = answered(402, 'insufficient_credits', { shortage });
		expect(describeFailure(poor).message).toBe(
			'The account has too few credits for this video: it needs about 220, and the account has 90',
		);
	});

	test('name the time that the API asks for, where it is more than a minute', () => {
		const limit = answered(429, 'rate_limit_exceeded', { retryAfterMs: 300_000 });
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
		fc.assert(
			fc.property(anyFailure, (failed) => {
				const { message, description } = describeFailure(failed);
				expect(message.length).toBeGreaterThan(0);
				expect(description.length).toBeGreaterThan(0);
			}),
		);
	});
});

describe('a failed call as n8n’s error', () => {
	const context = { getNode: () => klingNode() };

	test('is a NodeApiError with the HTTP code, the item and the task', () => {
		const failed = failure({ call: 'getTask', status: 404, code: 'task_not_found' });
		const error = toNodeError(context, failed.about(TASK_ID), 3);
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error).toMatchObject({ httpCode: '404' });
		expect(error.context).toMatchObject({ itemIndex: 3 });
		expect(error.message).toContain(TASK_ID);
	});

	test.each(FAILURES)('%s: keeps our words, whatever n8n makes of the code', (_, failed) => {
		const error = toNodeError(context, new ApiFailure(failed), 0);
		const words = describeFailure(failed);
		expect(error.message).toBe(words.message);
		expect(error.description).toContain(words.description);
		const httpCode = failed.status === null ? null : String(failed.status);
		expect(error).toMatchObject({ httpCode });
	});
});
