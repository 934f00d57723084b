import { join } from 'node:path';

const TSX = ['--import', 'tsx'];

const bin = (...path) => join('node_modules', ...path);
const ESLINT = bin('eslint', 'bin', 'eslint.js');
const TSC = bin('typescript', 'bin', 'tsc');
const PRETTIER = bin('prettier', 'bin', 'prettier.cjs');
const GULP = bin('gulp', 'bin', 'gulp.js');

const once = (step) => () => [step];
const withArgs =
	(...step) =>
	(args) => [[...step, ...args]];

/** Every command: what it is for, and the Node processes it runs one after the other. */
export const COMMANDS = {
	build: {
		about: 'compile nodes and credentials into dist, with icons and codex files',
		steps: () => [
			[join('tools', 'bootstrap', 'clean.mjs')],
			[TSC, '-p', 'tsconfig.build.json'],
			[GULP],
		],
	},
	lint: {
		about: "n8n's rules for the package, strict rules for tests and tools, formatting",
		steps: (args) => [
			[ESLINT, '--max-warnings=0', ...args, 'nodes', 'credentials', 'package.json'],
			[ESLINT, '--max-warnings=0', '-c', 'eslint.tests.config.mjs', ...args, 'test', 'tools'],
			[PRETTIER, args.includes('--fix') ? '--write' : '--check', '--log-level=warn', '.'],
		],
	},
	typecheck: {
		about: 'check the types of everything',
		steps: once([TSC, '--noEmit']),
	},
	test: {
		about:
			'types, lint, build and tests; name suites (unit, node, n8n, queue, browser) to run only these',
		steps: withArgs(...TSX, join('tools', 'test', 'main.ts')),
	},
	bench: {
		about: 'measure waiting against what people use today; writes test/bench/README.md',
		steps: withArgs(...TSX, join('test', 'bench', 'main.ts')),
	},
	scan: {
		about: "n8n's rules for community packages, over the packed package and the sources",
		steps: withArgs(...TSX, join('tools', 'scan', 'main.ts')),
	},
	screenshots: {
		about: 'run the browser suite and refresh the pictures of the README from it',
		steps: () => [
			[...TSX, join('tools', 'test', 'main.ts'), 'browser'],
			[...TSX, join('tools', 'screenshots', 'main.ts')],
		],
	},
	demo: {
		about: 'make a video in a real n8n; -- --once, --live, --image URL, --port N, --yes',
		steps: withArgs(...TSX, join('tools', 'demo', 'main.ts')),
	},
	emulator: {
		about: 'run the emulated AI Video API by itself',
		steps: withArgs(...TSX, join('test', 'emulator', 'cli.ts')),
	},
};

/** The help text: one line for each command. */
export function describeCommands() {
	const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
	const lines = Object.entries(COMMANDS).map(
		([name, { about }]) => `  ${name.padEnd(width)}${about}`,
	);
	return ['Usage: node tools/run.mjs <command> [arguments]', '', ...lines].join('\n');
}
