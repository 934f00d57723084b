/** What n8n may know of the environment it is started in: nothing that configures an n8n. */
const PASSED_ON = [
	'PATH',
	'LANG',
	'LC_ALL',
	'TMPDIR',
	'NODE_EXTRA_CA_CERTS',
	'SSL_CERT_FILE',
	'HTTP_PROXY',
	'HTTPS_PROXY',
	'http_proxy',
	'https_proxy',
];

/** No telemetry, no update checks, no templates, no licence server: n8n talks to nobody. */
const QUIET: Record<string, string> = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
};

/**
 * The environment variables that make an n8n private to one folder and to the loopback interface.
 *
 * @param disabledModules parts of n8n to leave out
 */
export function instanceEnvironment(
	place: { userFolder: string; port: number; brokerPort: number },
	disabledModules: readonly string[],
): Record<string, string> {
	const passedOn: Record<string, string> = {};
	for (const name of PASSED_ON) {
		const value = process.env[name];
		if (value !== undefined) passedOn[name] = value;
	}
	return {
		...passedOn,
		...QUIET,
		N8N_DISABLED_MODULES: disabledModules.join(','),
		NO_PROXY: '127.0.0.1,localhost',
		no_proxy: '127.0.0.1,localhost',
		HOME: place.userFolder,
		N8N_USER_FOLDER: place.userFolder,
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_PORT: String(place.port),
		WEBHOOK_URL: `http://127.0.0.1:${place.port}/`,
		N8N_EDITOR_BASE_URL: `http://127.0.0.1:${place.port}/`,
		N8N_SECURE_COOKIE: 'false',
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: '127.0.0.1',
		N8N_RUNNERS_BROKER_PORT: String(place.brokerPort),
		N8N_RUNNERS_MAX_OLD_SPACE_SIZE: '256',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '5',
		GENERIC_TIMEZONE: 'UTC',
	};
}
