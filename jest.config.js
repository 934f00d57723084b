/** What every suite has in common; TypeScript is compiled, its types are checked by `typecheck`. */
const common = {
	rootDir: __dirname,
	testEnvironment: 'node',
	transform: {
		'^.+\\.(ts|mjs)$': [
			'@swc/jest',
			{
				jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' },
				module: { type: 'commonjs' },
			},
		],
	},
	modulePathIgnorePatterns: ['<rootDir>/test/n8n/runtime', '<rootDir>/.cache', '<rootDir>/dist'],
	testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/n8n/runtime', '<rootDir>/.cache'],
};

/** @type {import('jest').Config} */
module.exports = {
	projects: [
		{ ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
		{ ...common, displayName: 'node', testMatch: ['<rootDir>/test/node/**/*.test.ts'] },
		{
			...common,
			displayName: 'n8n',
			testMatch: ['<rootDir>/test/n8n/**/*.test.ts'],
			testEnvironment: '<rootDir>/test/n8n/harness/environment.ts',
			globalSetup: '<rootDir>/test/n8n/harness/globalSetup.ts',
		},
		{
			...common,
			displayName: 'queue',
			testMatch: ['<rootDir>/test/queue/**/*.test.ts'],
			testEnvironment: '<rootDir>/test/n8n/harness/environment.ts',
			globalSetup: '<rootDir>/test/n8n/harness/globalSetup.ts',
		},
		{
			...common,
			displayName: 'browser',
			testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
			testEnvironment: '<rootDir>/test/n8n/harness/environment.ts',
			globalSetup: '<rootDir>/test/n8n/harness/globalSetup.ts',
		},
	],
};
