import type { IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';

import {
	type HttpRequest,
	noteListener,
	ownUrlOf,
	postAsTheApi,
	postToSelf,
} from '../../nodes/Kling/n8n/ownAddress';
import { standIn } from '../harness/standIn';

const url = 'https://n8n.example.com/n8n/webhook-waiting/42/kling?signature=abc';

/** n8n's helper with these answers, by address; at any other nothing answers. */
function helper(answers: Record<string, { status: number; body: unknown; headers?: object }>) {
	const asked: IHttpRequestOptions[] = [];
	const httpRequest: HttpRequest = async (options) => {
		asked.push(options);
		const answer = answers[new URL(options.url).origin];
		if (answer === undefined) throw new Error('ECONNREFUSED');
		const { status, body, headers = {} } = answer;
		return await Promise.resolve({ statusCode: status, headers, body: JSON.stringify(body) });
	};
	return { httpRequest, origins: () => asked.map((one) => new URL(one.url).origin), asked };
}

const PUBLIC = 'https://n8n.example.com';
const GUESS = 'http://127.0.0.1:5678';
const RUNNING = { code: 409, message: 'The execution "42" is running already.' };

describe('what answers a call to itself', () => {
	const nothing = { state: null, retryAfterMs: null };
	const gone = { ...nothing, state: 'gone' };

	test.each([
		[409, 'The execution "42" is running already.', nothing],
		[404, 'The execution "42" does not exist.', gone],
		// n8n leaves out the second quotation mark.
		[409, 'The execution "42 has finished already.', gone],
		[409, 'The execution "42" has finished with error.', gone],
		[
			404,
			'The workflow for execution "42" does not contain a waiting webhook with a matching path/method.',
			gone,
		],
	])('is n8n’s own: %d, %s', async (status, message, expected) => {
		const { httpRequest } = helper({ [PUBLIC]: { status, body: { code: status, message } } });
		expect(await postToSelf(httpRequest, url, '{}')).toEqual(expected);
	});

	test.each([
		['resumed', { status: 200 }, null],
		['later', { status: 503, headers: { 'retry-after': '7' } }, 7_000],
	])('is the package’s own: %s', async (state, answer, retryAfterMs) => {
		const { httpRequest } = helper({ [PUBLIC]: { ...answer, body: { state, message: '' } } });
		expect(await postToSelf(httpRequest, url, '{}')).toEqual({ ...nothing, state, retryAfterMs });
	});

	test.each([
		['a gateway of executions', 401, { code: 401, message: 'This execution needs a token' }],
		['a gateway’s own JSON', 404, { code: 404, message: 'The webhook was not found' }],
		['n8n’s words under another status', 200, RUNNING],
		['a text', 409, 'running'],
	])('is nothing where it is %s: the next address is tried', async (_, status, body) => {
		const origin = `https://gateway-${JSON.stringify(body).length}.example`;
		const { httpRequest, origins } = helper({
			[origin]: { status, body },
			[GUESS]: { status: 200, body: { state: 'resumed', message: '' } },
		});
		const answer = await postToSelf(httpRequest, `${origin}/webhook/kling/1`, '{}');
		expect(answer).toMatchObject({ state: 'resumed' });
		expect(origins()).toEqual([origin, GUESS]);
	});

	test('does not count at a guessed address where another n8n may say the same', async () => {
		const { httpRequest } = helper({
			[GUESS]: { status: 404, body: { code: 404, message: 'The execution "42" does not exist.' } },
		});
		expect(
			await postToSelf(httpRequest, 'https://elsewhere.example/webhook/kling/1', '{}'),
		).toBeNull();
	});

	test.each(['no address', 'https://', 'ftp://host/x', 'http://host:99999/x'])(
		'is nothing for “%s”, and nothing is thrown',
		async (odd) => {
			expect(await postToSelf(helper({}).httpRequest, odd, '{}')).toBeNull();
			expect(await postAsTheApi(helper({}).httpRequest, odd)).toBeNull();
		},
	);
});

describe('a call as the API makes it', () => {
	test.each([
		['redirects to https://login.example', 302, { location: 'https://login.example/a?b' }],
		['redirects to another page', 307, { location: '/login' }],
		['asks for a login (HTTP 401)', 401, {}],
		['shows a page, such as a login (HTTP 200)', 200, { 'content-type': 'text/html; charset=u' }],
		[null, 403, { 'content-type': 'text/html' }],
		[null, 502, {}],
	])('finds an address that %s', async (words, status, headers) => {
		const { httpRequest, origins } = helper({ [PUBLIC]: { status, headers, body: {} } });
		expect(await postAsTheApi(httpRequest, url)).toBe(words);
		expect(origins()).toEqual([PUBLIC]);
	});

	test('gets through where n8n answers', async () => {
		const { httpRequest } = helper({ [PUBLIC]: { status: 409, body: RUNNING } });
		expect(await postAsTheApi(httpRequest, url)).toMatchObject({ state: null });
	});
});

// From here on it is known where this process listens.
function called(originalUrl: string, localAddress = '127.0.0.1', encrypted = false) {
	const socket = { localAddress, localPort: 5678, encrypted };
	const context = standIn<IWebhookFunctions>({ getRequestObject: () => ({ originalUrl, socket }) });
	noteListener(context);
	return ownUrlOf(context);
}

describe('an address of this n8n', () => {
	test('is tried where this process listens, then as it is, then at the port of n8n', async () => {
		const urlsOf = async (address: string) => {
			const { httpRequest, asked } = helper({});
			await postToSelf(httpRequest, address, '{}');
			return asked.map((one) => one.url);
		};
		called('/', '10.0.0.7');
		expect(await urlsOf(url)).toEqual([
			'http://10.0.0.7:5678/n8n/webhook-waiting/42/kling?signature=abc',
			'http://10.0.0.7:5678/webhook-waiting/42/kling?signature=abc',
			url,
			'http://127.0.0.1:5678/n8n/webhook-waiting/42/kling?signature=abc',
			'http://127.0.0.1:5678/webhook-waiting/42/kling?signature=abc',
		]);
		called('/');
		expect(await urlsOf(`${GUESS}/webhook/kling/1`)).toHaveLength(1);
	});

	test.each([
		['127.0.0.1', false, 'http://127.0.0.1:5678/'],
		['::ffff:10.0.0.7', false, 'http://10.0.0.7:5678/'],
		['::1', true, 'https://[::1]:5678/'],
		['fe80::1%eth0', false, 'http://[fe80::1]:5678/'],
	])('is read off a connection to %s', (address, encrypted, found) => {
		expect(called('/', address, encrypted)).toBe(found);
	});
});

test.each([
	['/webhook/kling/1?reference=a', '/webhook/kling/1?reference=a'],
	['http://name/webhook/kling/1?a=b', '/webhook/kling/1?a=b'],
	['*', null],
	['name:443', null],
])('the target %s of a request has the path %s', (target, path) => {
	expect(called(target)).toBe(path && `${GUESS}${path}`);
});
