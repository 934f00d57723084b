// For everything that is not shipped: tests, tools and configuration. What is shipped follows the
// generator's eslint.config.mjs, whose rules (no process, no timers, …) make no sense here.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = [
	'__dirname',
	'URL',
	'clearInterval',
	'console',
	'exports',
	'module',
	'process',
	'require',
	'setInterval',
];

export default tseslint.config(
	{ ignores: ['test/harness/n8n/runtimes', '**/node_modules', 'dist', '.cache', 'demo-output'] },
	{
		files: ['**/*.ts'],
		ignores: ['**/*.d.ts'],
		extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
		languageOptions: {
			parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
		},
		rules: {
			'@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
			'@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
			'@typescript-eslint/switch-exhaustiveness-check': 'error',
			'@typescript-eslint/array-type': ['error', { default: 'array-simple' }],
			'@typescript-eslint/no-confusing-void-expression': [
				'error',
				{ ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
			],
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
			'@typescript-eslint/dot-notation': 'off',
			// An interface may ask for a promise that one implementation has no need of.
			'@typescript-eslint/require-await': 'off',
			// Spreading a string into its code points is what the API's limit asks for.
			'@typescript-eslint/no-misused-spread': 'off',
			'@typescript-eslint/no-empty-function': 'off',
			'@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
			// A promise must be handled; `return await` keeps the function in the stack trace.
			'@typescript-eslint/return-await': ['error', 'always'],
			// Interfaces here are plain objects of functions, made to be taken apart.
			'@typescript-eslint/unbound-method': 'off',
			'no-console': 'off',
			'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
		},
	},
	{
		files: ['**/*.test.ts'],
		rules: {
			// Jest's asymmetric matchers are `any`.
			'@typescript-eslint/no-unsafe-assignment': 'off',
			'max-lines': 'off',
		},
	},
	{
		files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
		extends: [js.configs.recommended],
		languageOptions: {
			globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])),
		},
	},
);
