/**
 * Keeps the API key out of everything that people, logs and databases get to see: an API or a proxy
 * may repeat it in a text of its own.
 */

const MASK = 'sk-…';

/** Every key of the service begins with `sk-` (API docs). */
const KEY = /\bsk-[\w-]{8,}/g;

/** A text with whatever looks like a key of the service replaced by `sk-…`. */
export function withoutKeys(text: string): string {
	return text.replace(KEY, MASK);
}

/** Shorter ones would turn up in any text by chance. */
const SHORTEST_KEY = 4;

/**
 * Parsed JSON or text with one key replaced by `sk-…` wherever it stands, also as a URL writes it.
 * Everything else stays as it is.
 */
export function withoutKey(value: unknown, key: string): unknown {
	if (key.length < SHORTEST_KEY) return value;
	const spellings = [...new Set([key, encodeURIComponent(key)])];
	const mask = (part: unknown): unknown => {
		if (typeof part === 'string') {
			return spellings.reduce((text, spelling) => text.replaceAll(spelling, MASK), part);
		}
		if (Array.isArray(part)) return part.map(mask);
		if (typeof part !== 'object' || part === null) return part;
		return Object.fromEntries(
			Object.entries(part).map(([name, entry]) => [String(mask(name)), mask(entry)]),
		);
	};
	return mask(value);
}
