import { createHash } from 'node:crypto';
import {
	createWriteStream,
	existsSync,
	mkdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { lockAgrees, withLock } from './locks.mjs';
import { runCommand } from './processes.mjs';
import { UserError } from './userError.mjs';

/** The top folder of the repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

const UNREACHABLE =
	/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|FETCH_ERROR|EIDLETIMEOUT)\b/;
const INCOMPLETE_LOCK = /Missing: \S+ from lock file/;
const QUICK = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=20000'];
const INSTALLED = '.installed';
const PREPARED = '.prepared';
/** The exit codes of npm after SIGINT and SIGTERM. */
const STOPPED = [130, 143];
const OUTPUT_KEPT = 50_000;

/**
 * Makes sure that the dependencies of `folder` are those of its lock file, and that the packages in
 * `rebuild` ran their install scripts. Does nothing when that is so; an install that was cut off is
 * done again. `say` gets a line for each thing it starts.
 */
export async function ensureInstalled(folder, { what, rebuild = [], say }) {
	if (isComplete(folder, rebuild)) return;
	await withLock(
		join(folder, '.installing'),
		() => say(`Another process is installing ${what}: waiting for it…`),
		async (holdFor) => {
			if (isComplete(folder, rebuild)) return;
			const npm = new Npm(folder, what, holdFor);
			if (!isInstalled(folder)) {
				say(`Installing ${what}…`);
				await requireRegistry(npm);
				if (!isLocked(folder)) await npm.must(['install', '--package-lock-only']);
				await installDependencies(folder, npm);
				mark(folder, INSTALLED);
			}
			if (rebuild.length > 0) {
				say(`Preparing ${rebuild.join(' and ')}…`);
				await npm.must(['rebuild', ...rebuild, '--ignore-scripts=false']);
				mark(folder, PREPARED, rebuild);
			}
		},
	);
}

/** Whether nothing is left to install in `folder`. */
export function isComplete(folder, rebuild = []) {
	return isInstalled(folder) && (rebuild.length === 0 || isMarked(folder, PREPARED, rebuild));
}

/** Whether this project installed what the lock says, or somebody else did with npm. */
function isInstalled(folder) {
	return isLocked(folder) && (isMarked(folder, INSTALLED) || dependenciesAgree(folder));
}

/** Whether the folder has its lock; a version of n8n that was asked for ad hoc has none at first. */
function isLocked(folder) {
	return existsSync(join(folder, 'package-lock.json'));
}

/** Written into `node_modules` after a step, so that one that was cut off is done again. */
function mark(folder, name, rebuild) {
	writeFileSync(join(folder, 'node_modules', name), fingerprint(folder, rebuild));
}

function isMarked(folder, name, rebuild) {
	const marker = join(folder, 'node_modules', name);
	return existsSync(marker) && readFileSync(marker, 'utf8') === fingerprint(folder, rebuild);
}

function fingerprint(folder, rebuild = []) {
	return createHash('sha256')
		.update(readFileSync(join(folder, 'package-lock.json')))
		.update(rebuild.join())
		.digest('hex');
}

function dependenciesAgree(folder) {
	try {
		return lockAgrees(
			readJson(join(folder, 'package-lock.json')),
			readJson(join(folder, 'node_modules', '.package-lock.json')),
		);
	} catch {
		return false;
	}
}

function readJson(file) {
	return JSON.parse(readFileSync(file, 'utf8'));
}

/** Fails early without a network: npm itself would try for each package, for minutes. */
async function requireRegistry(npm) {
	const { code, output } = await npm.run(['view', 'npm', 'name', ...QUICK]);
	if (code !== 0 && UNREACHABLE.test(output)) npm.fail(code, output);
}

async function installDependencies(folder, npm) {
	const exact = await npm.run(['ci']);
	if (exact.code === 0) return;
	if (!INCOMPLETE_LOCK.test(exact.output)) npm.fail(exact.code, exact.output);
	// The lock lacks optional packages for systems other than the one it was made on. `npm install`
	// adds those and takes the rest from the lock all the same, but trusts whatever it finds.
	rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
	await npm.must(['install', '--no-save']);
}

/** Runs npm in a folder, with its output in a log file. */
class Npm {
	constructor(folder, what, holdFor) {
		this.folder = folder;
		this.what = what;
		this.holdFor = holdFor;
		this.logFile = join(ROOT, '.cache', 'logs', `npm-${basename(folder)}.log`);
		mkdirSync(dirname(this.logFile), { recursive: true });
		rmSync(this.logFile, { force: true });
	}

	async must(args) {
		const { code, output } = await this.run(args);
		if (code !== 0) this.fail(code, output);
	}

	fail(code, output) {
		throw new UserError(explain(code, output, this.what, relative(ROOT, this.logFile)));
	}

	/** Resolves with the exit code and the end of the output; rejects when npm was stopped. */
	async run(args) {
		const log = createWriteStream(this.logFile, { flags: 'a' });
		const [command, ...first] = npmCommand();
		let output = '';
		const keep = (chunk) => {
			output = (output + chunk).slice(-OUTPUT_KEPT);
			log.write(chunk);
		};
		log.write(`> npm ${args.join(' ')}\n`);
		let code;
		try {
			code = await runCommand(command, [...first, ...args], {
				cwd: this.folder,
				env: npmEnvironment(),
				stdio: ['ignore', 'pipe', 'pipe'],
				onSpawn: (child) => {
					if (child.pid !== undefined) this.holdFor(child.pid);
					child.stdout.on('data', keep);
					child.stderr.on('data', keep);
				},
			});
		} catch (error) {
			throw new UserError(
				`npm could not be started (${error.message}), so ${this.what} is missing.`,
			);
		} finally {
			await new Promise((done) => log.end(done));
		}
		if (STOPPED.includes(code)) this.fail(code, output);
		return { code, output };
	}
}

/** Why an npm command failed, in one sentence. */
export function explain(code, output, what, logFile) {
	const details = `npm's own output is in ${logFile}`;
	if (STOPPED.includes(code)) {
		return `Installing ${what} was stopped; the next run starts it again.`;
	}
	if (/\bENOSPC\b/.test(output)) return `The disk is too full to install ${what} (${details}).`;
	if (UNREACHABLE.test(output)) {
		return `No connection to the npm registry, so ${what} could not be installed (${details}).`;
	}
	return `Installing ${what} ended with exit code ${code} (${details}).`;
}

/** The npm that runs this script, if one does, else the one on the path. */
function npmCommand() {
	const running = process.env.npm_execpath;
	return running !== undefined && /npm-cli\.[cm]?js$/.test(running)
		? [process.execPath, running]
		: ['npm'];
}

function npmEnvironment() {
	const env = { ...process.env };
	for (const name of Object.keys(env)) {
		// What npm tells its scripts would send this npm to the wrong folder, or have it say nothing.
		if (/^npm_(package|lifecycle|config_local_prefix|config_loglevel)/.test(name)) delete env[name];
	}
	// Lets native modules be compiled without downloading Node's headers.
	const prefix = dirname(dirname(process.execPath));
	if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) env.npm_config_nodedir ??= prefix;
	return env;
}
