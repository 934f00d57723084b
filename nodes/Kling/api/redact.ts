/** Keeps keys out of all that people, logs and databases see: an API or a proxy may repeat them in its texts. */

const MASK = 'sk-…';

/** Every key of the service begins with `sk-` (API docs). */
const KEY = /\bsk-[\w-]{8,}/g;

/** A text with whatever looks like a key of the service replaced by `sk-…`. */
export function withoutKeys(text: string): string {
	return text.replace(KEY, MASK);
}

/** The address at which an execution is woken is a key to it, and an API may repeat it as a callback address. */
const RESUME_ADDRESS =
	/(\/|%2F)(webhook|form)-waiting(\\?\/|%2F)\w|\/kling\/?\?signature=|%2Fkling(%2F)?%3Fsignature%3D/i;

/** What is written in one piece, as an address is. */
const PIECE = /[^\s"'<>]+/g;

const ORIGIN = /https?:\/\/[^/?#\\]+/i;

/** A text with no more than the origin of each resume address in it, however that is written. */
export function withoutResumeAddresses(text: string): string {
	return text.replace(PIECE, (piece) => {
		if (!RESUME_ADDRESS.test(piece)) return piece;
		const [origin] = ORIGIN.exec(piece) ?? [];
		return origin === undefined ? '…' : `${origin}/…`;
	});
}

/** Shorter ones would turn up in any text by chance. */
const SHORTEST_KEY = 4;

/**
 * Parsed JSON or text without the key, also as a URL writes it, and with no more than the origin of each
 * resume address. Where the key is not known, it is empty, and whatever looks like one goes.
 */
export function withoutSecrets(value: unknown, key: string): unknown {
	const spellings = key.length < SHORTEST_KEY ? [] : [key, encodeURIComponent(key)];
	const mask = (part: unknown): unknown => {
		if (typeof part === 'string') {
			const bare = spellings.reduce((text, spelling) => text.replaceAll(spelling, MASK), part);
			return withoutResumeAddresses(key === '' ? withoutKeys(bare) : bare);
		}
		if (Array.isArray(part)) return part.map(mask);
		if (typeof part !== 'object' || part === null) return part;
		return Object.fromEntries(
			Object.entries(part).map(([name, entry]) => [String(mask(name)), mask(entry)]),
		);
	};
	return mask(value);
}
