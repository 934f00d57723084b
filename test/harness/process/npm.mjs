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

const TICK_MS = 1_000;
/** Where lines cannot be replaced, one is enough from time to time. */
const PLAIN_EVERY_MS = 15_000;

/**
 * Shows how an installation gets on while npm, which says nothing, is at work: packages and seconds.
 *
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @param {{ isTTY?: boolean, write(text: string): unknown }} [out]
 * @returns {Promise<T>}
 */
export async function showingPackages(folder, work, out = process.stderr) {
	const startedAt = Date.now();
	let shownAt = startedAt;
	const line = () => `  ${countPackages(folder)}, ${Math.round((Date.now() - startedAt) / 1000)} s`;
	const timer = setInterval(() => {
		if (out.isTTY === true) out.write(`\r\u001b[2K${line()}`);
		else if (Date.now() - shownAt >= PLAIN_EVERY_MS) {
			shownAt = Date.now();
			out.write(`${line()}\n`);
		}
	}, TICK_MS);
	try {
		return await work();
	} finally {
		clearInterval(timer);
		out.write(`${out.isTTY === true ? '\r\u001b[2K' : ''}${line()}\n`);
	}
}

/**
 * How much of its lock a folder holds so far, such as “12 of 345 packages”. npm makes all folders
 * first, so what counts is the file in them.
 *
 * @param {string} folder
 * @returns {string}
 */
export function countPackages(folder) {
	const wanted = Object.entries(packagesOf(join(folder, 'package-lock.json')) ?? {}).filter(
		([path, { os, cpu }]) => path !== '' && isFor(os, process.platform) && isFor(cpu, process.arch),
	);
	const there = wanted.filter(([path]) => existsSync(join(folder, path, 'package.json')));
	return `${there.length} of ${wanted.length} packages`;
}

/**
 * @param {string[] | undefined} systems those that a package is for; none named: all
 * @param {string} own
 */
function isFor(systems, own) {
	if (systems === undefined) return true;
	return systems.includes(own) || (systems[0]?.startsWith('!') && !systems.includes(`!${own}`));
}

/** @param {string} file */
function packagesOf(file) {
	try {
		return JSON.parse(readFileSync(file, 'utf8')).packages;
	} catch {
		return undefined;
	}
}
