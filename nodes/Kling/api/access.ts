import { isHttpUrl } from './address';
import { Refusal } from './failure';

/** What the two fields of a credential mean, for the nodes and for the credential's own test alike. */

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

/**
 * Where the API lives, without a slash or `/v1` at the end, which the paths of its calls begin with.
 * Empty means {@link DEFAULT_BASE_URL}.
 */
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
