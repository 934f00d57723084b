import fc from 'fast-check';

import { DEFAULT_BASE_URL, toBaseUrl, toKey } from '../../nodes/Kling/api/credential';
import { Refusal } from '../../nodes/Kling/api/failure';
import { withoutKeys, withoutSecrets } from '../../nodes/Kling/api/redact';

const anyValue = fc.oneof(fc.string(), fc.jsonValue(), fc.anything({ withBigInt: true }));

describe('the key of a credential', () => {
	test.each([
		'sk-one',
		' sk-one\n',
		'Bearer sk-one',
		'bearer\tsk-one',
		'Authorization: Bearer sk-one',
		'"sk-one"',
		"'Bearer sk-one'",
		'Bearer "sk-one"',
		'“sk-one”',
	])('%j is sk-one', (value) => {
		expect(toKey(value)).toBe('sk-one');
	});

	test.each(['', '  ', '""', 'Bearer ', undefined, null, 5, {}, ['sk-one']])(
		'%j is none',
		(value) => {
			expect(toKey(value)).toMatchObject({ message: "The credential has no 'API Key'" });
		},
	);

	test('is something that can be sent, or refused with what to do, whatever it is given', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const key = toKey(value);
				if (key instanceof Refusal) {
					expect(key.hint).toMatch(/\.$/);
					return;
				}
				expect(() => new Headers({ Authorization: `Bearer ${key}` })).not.toThrow();
				expect(toKey(`Bearer ${key}`)).toEqual(toKey(key));
			}),
		);
	});
});

describe('the base URL of a credential', () => {
	test.each([
		['https://api.example.com', 'https://api.example.com'],
		['https://api.example.com/', 'https://api.example.com'],
		['https://api.example.com/v1', 'https://api.example.com'],
		['https://api.example.com//v1//', 'https://api.example.com'],
		[' "https://api.example.com/v1/" ', 'https://api.example.com'],
		['http://proxy.example.com:8080/kling', 'http://proxy.example.com:8080/kling'],
		['http://proxy.example.com/kling/V1', 'http://proxy.example.com/kling'],
		['https://v1', 'https://v1'],
		['', DEFAULT_BASE_URL],
		['  ', DEFAULT_BASE_URL],
	])('%j is %s', (value, url) => {
		expect(toBaseUrl(value)).toBe(url);
	});

	test.each([undefined, null, 5, {}, []])('%j was set and has no value', (value) => {
		expect(toBaseUrl(value)).toMatchObject({
			message: expect.stringContaining('was set and has no value'),
		});
	});

	test('is an address or refused with what to do, whatever it is given', () => {
		fc.assert(
			fc.property(fc.oneof(anyValue, fc.webUrl()), (value) => {
				const url = toBaseUrl(value);
				if (url instanceof Refusal) {
					expect(url.hint).toContain(DEFAULT_BASE_URL);
					return;
				}
				expect(new URL(`${url}/v1/credits`).pathname).toMatch(/\/v1\/credits$/);
				expect(url).not.toMatch(/\/$/);
			}),
		);
	});
});

describe('what others may see', () => {
	test('holds no key of the service', () => {
		expect(withoutKeys('Key sk-a1b2-c3d4_E5, and desk-organizers; "sk-" stays')).toBe(
			'Key sk-…, and desk-organizers; "sk-" stays',
		);
	});

	const key = fc.stringMatching(/^[\x21-\x7e]{8,40}$/);

	test('never holds this key, wherever it stood, and keeps everything else', () => {
		fc.assert(
			fc.property(key, fc.jsonValue(), (secret, value) => {
				const body = { [secret]: [`x${secret}y`, { deep: value, [`?k=${secret}`]: secret }] };
				const masked = JSON.stringify(withoutSecrets(body, secret));
				const escaped = JSON.stringify(secret).slice(1, -1);
				expect(masked.includes(escaped)).toBe('sk-…'.includes(secret));
				const text = `see ?key=${encodeURIComponent(secret)}`;
				expect(withoutSecrets(text, secret)).not.toContain(encodeURIComponent(secret));
			}),
		);
	});

	test.each([
		['https://n8n.example', '/webhook-waiting/42/kling?signature=abc'],
		['https://n8n.example', '/x/webhook-waiting/42?signature=a'],
		['http://127.0.0.1:5678', '/hooks/42/kling?signature=abc'],
		['https://n8n.example', '/form-waiting/42?signature=abc'],
	])('holds of a resume address the origin alone: %s%s', (origin, path) => {
		const shown = withoutSecrets({ text: `no "${origin}${path}" here` }, 'sk-key');
		expect(shown).toEqual({ text: `no "${origin}/…" here` });
	});

	test.each([
		'/webhook-waiting/42/kling?signature=abc',
		'n8n.example/webhook-waiting/42',
		'https%3A%2F%2Fn8n.example%2Fhooks%2F42%2Fkling%3Fsignature%3Dabc',
		'https:\\/\\/n8n.example\\/webhook-waiting\\/42',
		'https://a.example?to=https%3A%2F%2Fn8n.example%2Fwebhook-waiting%2F42%2Fkling%3Fsignature%3Da',
		`https://${'a'.repeat(100_000)}/webhook-waiting/1`,
	])('holds nothing of one that is written otherwise: %#', (written) => {
		expect(withoutSecrets(written, 'sk-key')).not.toMatch(/signature|42|webhook-waiting/);
	});

	test('keeps other addresses', () => {
		for (const text of [
			'see https://n8n.example/webhook/kling/42?reference=a',
			`https://cdn.example/webhook-waiting-room.mp4?signature=${'0f'.repeat(32)}`,
		])
			expect(withoutSecrets(text, 'sk-key-that-is-nowhere')).toBe(text);
	});

	test('is untouched where the key is nowhere', () => {
		fc.assert(
			fc.property(fc.jsonValue(), (value) => {
				expect(withoutSecrets(value, 'sk-key-that-is-nowhere')).toEqual(value);
			}),
		);
	});
});
