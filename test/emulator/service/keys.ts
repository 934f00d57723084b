/** The key that works out of the box. */
export const DEFAULT_KEY = 'sk-emulator';

/** Accounts that exist from the start, with their credits. */
export const INITIAL_CREDITS: Readonly<Record<string, number>> = {
	[DEFAULT_KEY]: 10_000,
	'sk-poor': 100,
	'sk-disabled': 10_000,
	'sk-blocked-ip': 10_000,
	'sk-spend-limit': 10_000,
	'sk-rate-limited': 10_000,
};

/** What may be shown of a key: its first five characters. */
export function shortKey(key: string): string {
	return `${key.slice(0, 5)}…`;
}

/** The key of an Authorization header, null when it is missing or no bearer token. */
export function bearerKey(authorization: string | undefined): string | null {
	return /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? null;
}

/** An Authorization header's value with the secret shortened. */
export function redactAuthorization(value: string): string {
	const [scheme = '', ...rest] = value.split(' ');
	return rest.length === 0 ? shortKey(scheme) : `${scheme} ${shortKey(rest.join(' '))}`;
}

/** A text with every key in it shortened. */
export function shortenKeys(text: string): string {
	return text.replace(/sk-[^/?&\s]+/g, shortKey);
}
