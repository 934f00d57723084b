/**
 * What an address alone tells: whether it is one, and whether the API can never reach its host.
 * Nothing is looked up.
 */

const PRIVATE_SUFFIXES = ['localhost', 'local', 'internal', 'lan', 'home.arpa', 'localdomain'];

const PRIVATE_IPV4 = [
	/^0\./,
	/^10\./,
	/^127\./,
	/^169\.254\./,
	/^172\.(1[6-9]|2\d|3[01])\./,
	/^192\.168\./,
	/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
];

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

function isPrivateIpv6(host: string): boolean {
	if (host === '::' || host === '::1') return true;
	const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
	if (mapped !== null) return isPrivateIpv4(ipv4FromWords(mapped[1] ?? '', mapped[2] ?? ''));
	return /^(f[cd]|fe[89ab])/.test(host);
}

function ipv4FromWords(high: string, low: string): string {
	const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
	return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

function isPrivateIpv4(host: string): boolean {
	return PRIVATE_IPV4.some((range) => range.test(host));
}

/** Whether a host, as `URL.hostname` writes it, is loopback, private, or a name of a local network. */
export function isPrivateHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.$/, '');
	if (host.startsWith('[')) return isPrivateIpv6(host.slice(1, -1));
	if (IPV4.test(host)) return isPrivateIpv4(host);
	if (!host.includes('.')) return true;
	return PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
}

/**
 * Whether the API can reach an address: a private one only when the API itself is on a private
 * host, as a test server on the same machine is.
 *
 * @param url an absolute address
 * @param apiBaseUrl the credential's base URL
 */
export function isReachableFromApi(url: string, apiBaseUrl: string): boolean {
	if (!URL.canParse(url) || !URL.canParse(apiBaseUrl)) return false;
	return !isPrivateHost(new URL(url).hostname) || isPrivateHost(new URL(apiBaseUrl).hostname);
}

/** Whether this is an absolute http(s) address. */
export function isHttpUrl(value: string): boolean {
	return /^https?:\/\/[^\s/?#]/i.test(value) && URL.canParse(value);
}
