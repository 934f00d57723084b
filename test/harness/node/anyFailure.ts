import fc from 'fast-check';

import type { FailureDetail } from '../../../nodes/Kling/api/failure';

const CODES = [
	'invalid_request',
	'invalid_api_key',
	'rate_limit_exceeded',
	'spend_limit_exceeded',
	'internal_error',
	'ECONNRESET',
	'ECONNREFUSED',
	'CERT_HAS_EXPIRED',
	'toString',
	'__proto__',
	'constructor',
];

/** Any failure of a call, also those that the API never gives. */
export const anyFailure: fc.Arbitrary<FailureDetail> = fc.record({
	call: fc.constantFrom('create', 'getTask', 'getCredits'),
	kind: fc.constantFrom('answer', 'network', 'content'),
	outcome: fc.constantFrom('refused', 'notSent', 'unclear'),
	status: fc.option(fc.integer({ min: 200, max: 599 })),
	code: fc.option(fc.oneof(fc.constantFrom(...CODES), fc.string())),
	text: fc.string(),
	retryAfterMs: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true })),
});
