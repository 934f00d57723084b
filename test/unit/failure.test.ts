import { ApiFailure, isCertificateCode } from '../../nodes/Kling/api/failure';
import { faultOf } from '../../nodes/Kling/api/transport';
import { failure } from '../harness/node/builders';

describe('how far a request got', () => {
	test.each([
		['ENOTFOUND', 'notSent'],
		['EAI_AGAIN', 'notSent'],
		['ECONNREFUSED', 'notSent'],
		['EHOSTUNREACH', 'unclear'],
		['ENETUNREACH', 'unclear'],
		['CERT_HAS_EXPIRED', 'notSent'],
		['DEPTH_ZERO_SELF_SIGNED_CERT', 'notSent'],
		['SELF_SIGNED_CERT_IN_CHAIN', 'notSent'],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'notSent'],
		['ERR_TLS_CERT_ALTNAME_INVALID', 'notSent'],
		['EPROTO', 'unclear'],
		['ERR_SSL_WRONG_VERSION_NUMBER', 'unclear'],
		['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'unclear'],
		['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'unclear'],
		['ERR_TLS_HANDSHAKE_TIMEOUT', 'unclear'],
		['ECONNRESET', 'unclear'],
		['ETIMEDOUT', 'unclear'],
		['ECONNABORTED', 'unclear'],
		['EPIPE', 'unclear'],
		['UND_ERR_SOCKET', 'unclear'],
		[null, 'unclear'],
	])('%p: %s', (code, outcome) => {
		expect(failure({ kind: 'network', status: null, code }).detail.outcome).toBe(outcome);
	});

	test.each([
		[301, 'refused'],
		[400, 'refused'],
		[402, 'refused'],
		[404, 'refused'],
		[408, 'unclear'],
		[429, 'refused'],
		[500, 'unclear'],
		[502, 'unclear'],
		[503, 'unclear'],
	])('HTTP %d: %s', (status, outcome) => {
		expect(failure({ status, code: 'ECONNREFUSED' }).detail.outcome).toBe(outcome);
	});

	test.each(['ECONNRESET', 'ENOTFOUND', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', null])(
		'%p is no certificate fault',
		(code) => {
			expect(isCertificateCode(code)).toBe(false);
		},
	);
});

describe("n8n's own reason for a request that it did not send", () => {
	const reason = new Error('The workflow has no such node');
	const wrapped = (cause: unknown) => Object.assign(new Error('Wrapped'), { cause });

	test.each([
		['as it was thrown', reason],
		['wrapped once', wrapped(reason)],
		['wrapped twice', wrapped(wrapped(reason))],
	])('is found %s', (_, thrown) => {
		const text = 'The workflow has no such node';
		expect(faultOf(thrown)).toEqual({ kind: 'host', code: null, text });
	});

	test.each<[string, unknown]>([
		['a code of the network', wrapped(Object.assign(new Error('x'), { code: 'ECONNRESET' }))],
		['the mark of the HTTP client', wrapped(Object.assign(new Error('x'), { isAxiosError: true }))],
		['the request', Object.assign(new Error('x'), { request: {} })],
		['the request options', wrapped(Object.assign(new Error('x'), { config: {} }))],
		['an answer', wrapped(Object.assign(new Error('x'), { response: { status: 500 } }))],
		['no cause, which n8n 2.0 loses', Object.assign(new Error('x'), { name: 'NodeApiError' })],
		['no text', new Error('')],
		['nothing', null],
		['a text', 'gone'],
	])('is not there for what holds %s: that may have been sent', (_, thrown) => {
		expect(faultOf(thrown)).toMatchObject({ kind: 'network', text: '' });
	});
});

describe('the network code of what was thrown', () => {
	const coded = (code: string, cause?: unknown) =>
		Object.assign(new Error('x', { cause }), { code });
	const wrapping = (cause: unknown) => new Error('outer', { cause });

	test.each<[string, unknown, string]>([
		['on the error itself', coded('ECONNRESET'), 'ECONNRESET'],
		['behind wrapping errors', wrapping(wrapping(coded('ENOTFOUND'))), 'ENOTFOUND'],
		['on the outermost one', coded('ECONNRESET', coded('ENOTFOUND')), 'ECONNRESET'],
		[
			'where n8n 2.0 leaves it, which loses the cause',
			Object.assign(new Error('closed'), { httpCode: 'ECONNRESET' }),
			'ECONNRESET',
		],
	])('is found %s', (_, thrown, code) => {
		expect(faultOf(thrown).code).toBe(code);
	});

	test.each([
		undefined,
		null,
		'ECONNRESET',
		42,
		new Error('x'),
		{ code: 500 },
		{ code: 'words here' },
	])('is null for %p', (thrown) => {
		expect(faultOf(thrown).code).toBeNull();
	});

	test('ends when causes go round in a circle', () => {
		const round = new Error('x');
		round.cause = round;
		expect(faultOf(round).code).toBeNull();
	});
});

describe('a failure as a value', () => {
	test('says in its message which call it was and why', () => {
		expect(failure().message).toBe('create: invalid_request');
	});

	test('is the same kind of failure when it is about a task, and the original is left alone', () => {
		const original = failure();
		const about = original.about('a task');
		expect(about).toBeInstanceOf(ApiFailure);
		expect(about).toMatchObject({ taskId: 'a task', detail: original.detail });
		expect(original.taskId).toBeNull();
	});
});
