import type { FunctionsBase } from 'n8n-workflow';

import { isHttpUrl } from './address';
import { type Failure, Refusal, Thrown } from './failure';
import { withoutSecrets } from './redact';

export const CREDENTIAL_TYPE = 'aiVideoApi';

export const DEFAULT_BASE_URL = 'https://api.aivideoapi.ai';

const QUOTES = /^["'“”‘’`]+|["'“”‘’`]+$/g;
const PREFIX = /^(authorization:\s*)?bearer(\s+|$)/i;

/** What was meant by a field that was pasted with blanks or quotes around it. */
function bare(value: unknown): string {
	return typeof value === 'string' ? value.trim().replace(QUOTES, '').trim() : '';
}

/** The key alone, also where it was pasted with quotes around it or `Bearer` before it. */
export function toKey(value: unknown): string | Refusal {
	const key = bare(bare(value).replace(PREFIX, ''));
	if (key === '') {
		return new Refusal(
			"The credential has no 'API Key'",
			'Open the AI Video API credential of this node and paste your key, “sk-…”.',
		);
	}
	// Node.js sends nothing else in a header.
	if (/^[\x21-\x7e]+$/.test(key)) return key;
	return new Refusal(
		"The 'API Key' of the credential has a character in it that no key has",
		'It may be a blank, a line break or “…”. Copy the whole key, “sk-…”, from the dashboard again.',
	);
}

/** Where the API lives, without a slash or `/v1` at the end; empty means {@link DEFAULT_BASE_URL}. */
export function toBaseUrl(value: unknown): string | Refusal {
	const text = typeof value === 'string' ? bare(value) || DEFAULT_BASE_URL : '';
	const reason = reasonAgainst(text);
	if (reason === null) return text.replace(/\/+$/, '').replace(/([^/:])(\/+v1)+$/i, '$1');
	return new Refusal(
		`The 'Base URL' of the credential ${reason}`,
		`Set it to ${DEFAULT_BASE_URL}, or to the address of your own proxy.`,
	);
}

function reasonAgainst(text: string): string | null {
	if (text === '') return 'was set and has no value';
	if (!/^https?:\/\//i.test(text)) return 'does not begin with https://';
	if (!isHttpUrl(text)) return 'is not an address: its host or port cannot be';
	if (/[\s?#]/.test(text)) return 'has a blank, “?” or “#” in it';
	// It would be sent in the place of the key (n8n: axios).
	return new URL(text).username === '' ? null : 'has a user name in it';
}

export type Credential = Exclude<Awaited<ReturnType<typeof readCredential>>, Failure>;

/** n8n's id of the credential that the node has chosen. */
export function credentialIdOf(context: FunctionsBase): string {
	return context.getNode().credentials?.[CREDENTIAL_TYPE]?.id ?? '';
}

/** The credential that the node has chosen, its expressions resolved for one item. */
export async function readCredential(context: FunctionsBase, itemIndex: number) {
	try {
		const data = await context.getCredentials(CREDENTIAL_TYPE, itemIndex);
		const key = toKey(data['apiKey']);
		if (key instanceof Refusal) return key;
		const baseUrl = toBaseUrl('baseUrl' in data ? data.baseUrl : '');
		if (baseUrl instanceof Refusal) return baseUrl;
		return {
			baseUrl,
			/** As n8n's own helper takes it; only that helper looks at the key. */
			decrypted: { id: '', name: 'AI Video API', type: CREDENTIAL_TYPE, data },
			/** The same for credentials that are one in n8n and have the same key and base URL. Never shown or stored. */
			account: JSON.stringify([credentialIdOf(context), baseUrl, key]),
			/** What the API said, without the key and without resume addresses. */
			mask: (value: unknown) => withoutSecrets(value, key),
		};
	} catch (thrown) {
		return new Thrown(thrown);
	}
}
