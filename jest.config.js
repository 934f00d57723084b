/** Packages that come as ES modules only, which Jest's `require` does not take as they are. */
const ES_MODULES = '(get-port|p-limit|yocto-queue)/';

const swc = [
	'@swc/jest',
	{
		jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' },
		module: { type: 'commonjs' },
	},
];

/** What every suite has in common; TypeScript is compiled, its types are checked by `typecheck`. */
const common = {
	rootDir: __dirname,
	testEnvironment: 'node',
	transform: { '^.+\\.(ts|mjs)$': swc, [`node_modules/${ES_MODULES}.+\\.js$`]: swc },
	transformIgnorePatterns: [`node_modules/(?!${ES_MODULES})`],
	modulePathIgnorePatterns: [
		'<rootDir>/test/harness/n8n/runtimes',
		'<rootDir>/.cache',
		'<rootDir>/dist',
	],
	testPathIgnorePatterns: [
		'/node_modules/',
		'<rootDir>/test/harness/n8n/runtimes',
		'<rootDir>/.cache',
	],
};

/** Suites on real servers; their n8n is the one that N8N_VERSION names, else the newest tested. */
const onServers = {
	...common,
	testEnvironment: '<rootDir>/test/harness/n8n/environment.ts',
	globalSetup: '<rootDir>/test/harness/n8n/globalSetup.ts',
};

/** The main ways, and all the others. */
const MAIN_WAYS = '<rootDir>/test/main/**/*.test.ts';
const IN_N8N = '<rootDir>/test/n8n/**/*.test.ts';

/** @type {import('jest').Config} */
module.exports = {
	// The last line of a run is its totals.
	reporters: ['default', require.resolve('./test/harness/totals.cjs')],
	// No machine is so busy that a test which works takes longer; those on real servers ask for more.
	testTimeout: 300_000,
	testSequencer: require.resolve('./test/harness/sequencer.cjs'),
	projects: [
		{ ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
		{
			...common,
			displayName: 'node',
			testMatch: ['<rootDir>/test/node/**/*.test.ts'],
			setupFilesAfterEnv: ['<rootDir>/test/harness/node/skipPauses.ts'],
		},
		{ ...onServers, displayName: 'main', testMatch: [MAIN_WAYS] },
		{ ...onServers, displayName: 'n8n', testMatch: [IN_N8N] },
		{
			...onServers,
			displayName: 'n8n-2.0',
			testEnvironmentOptions: { n8nVersion: '2.0.0' },
			testMatch: [MAIN_WAYS, IN_N8N],
		},
		{ ...onServers, displayName: 'queue', testMatch: ['<rootDir>/test/queue/**/*.test.ts'] },
		{ ...onServers, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.test.ts'] },
	],
};
