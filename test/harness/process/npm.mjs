import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PARENT_WATCH = fileURLToPath(new URL('./parent-watch.cjs', import.meta.url));

/**
 * Runs npm in a process group of its own, which never outlives this process, and resolves with its
 * exit code. npm prints to this process's own output unless `onOutput` takes what it prints.
 *
 * @param {string[]} args
 * @param {{ cwd: string, env?: Record<string, string>, onOutput?: (text: string) => void }} options
 * @returns {Promise<number>}
 */
export async function runNpm(args, { cwd, env = {}, onOutput }) {
	const output = onOutput === undefined ? 'inherit' : 'pipe';
	const child = spawn(process.execPath, ['--require', PARENT_WATCH, npmProgram(), ...args], {
		cwd,
		env: { ...npmEnvironment(), ...env },
		detached: true,
		stdio: ['ignore', output, output, 'pipe'],
	});
	for (const stream of [child.stdout, child.stderr]) {
		stream?.on('data', (chunk) => onOutput?.(String(chunk)));
	}
	return await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code) => resolve(code ?? 1));
	});
}

/** npm's program: of the npm that runs this process, if one does, else of the one on the path. */
function npmProgram() {
	const running = process.env.npm_execpath;
	if (running !== undefined && /npm-cli\.[cm]?js$/.test(running)) return running;
	const folders = (process.env.PATH ?? '').split(delimiter);
	const found = folders.map((folder) => join(folder, 'npm')).find((file) => existsSync(file));
	if (found === undefined) throw new Error('There is no npm on the path.');
	return realpathSync(found);
}

/** What npm tells its scripts would send this npm to the wrong folder, or have it say nothing. */
function npmEnvironment() {
	const env = { ...process.env };
	for (const name of Object.keys(env)) {
		if (/^npm_(package|lifecycle|config_local_prefix|config_loglevel)/.test(name)) delete env[name];
	}
	// Lets native modules be compiled without downloading Node's headers.
	const prefix = dirname(dirname(process.execPath));
	if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) env.npm_config_nodedir ??= prefix;
	return env;
}

/**
 * Whether a folder holds what its lock says. npm writes the list of what it installed last, so an
 * installation that was cut off has none. npm leaves out packages for other systems, and some that
 * only optional peers need.
 *
 * @param {string} folder
 * @returns {boolean}
 */
export function isInstalled(folder) {
	const lock = packagesOf(join(folder, 'package-lock.json'));
	const installed = packagesOf(join(folder, 'node_modules', '.package-lock.json'));
	const { dependencies, devDependencies } = lock?.[''] ?? {};
	return (
		lock !== undefined &&
		installed !== undefined &&
		Object.entries(installed).every(([path, { version }]) => lock[path]?.version === version) &&
		Object.keys({ ...dependencies, ...devDependencies }).every(
			(name) => `node_modules/${name}` in installed,
		)
	);
}

/** @param {string} file */
function packagesOf(file) {
	try {
		return JSON.parse(readFileSync(file, 'utf8')).packages;
	} catch {
		return undefined;
	}
}
