/** What an address alone tells: no name is looked up. */

const PRIVATE_SUFFIXES = ['localhost', 'local', 'internal', 'lan', 'home.arpa', 'localdomain'];

/** This network, private, loopback, link-local, and what providers share (RFC 6890). */
const PRIVATE_IPV4 =
	/^(0|10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))(\.\d+)+$/;

/** Loopback, unique local, link-local, and IPv4 written as IPv6, which no public host is named by. */
const PRIVATE_IPV6 = /^\[(::1?\]|::ffff:|f[cd]|fe[89ab])/;

/** Whether a host, as `URL.hostname` writes it, is loopback, private, or a name of a local network. */
export function isPrivateHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.$/, '');
	if (host.startsWith('[')) return PRIVATE_IPV6.test(host);
	if (PRIVATE_IPV4.test(host) || !host.includes('.')) return true;
	return PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
}

/** Whether the API can reach an address: a private one only from a private host, such as a test server. */
export function isReachableFromApi(url: string, apiBaseUrl: string): boolean {
	if (!URL.canParse(url) || !URL.canParse(apiBaseUrl)) return false;
	return !isPrivateHost(new URL(url).hostname) || isPrivateHost(new URL(apiBaseUrl).hostname);
}

/** Whether this is an absolute http(s) address. */
export function isHttpUrl(value: string): boolean {
	return /^https?:\/\/[^\s/?#]/i.test(value) && URL.canParse(value);
}
