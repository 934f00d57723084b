// Usage: node tools/install.mjs <script> [arguments]
// Installs the development dependencies where they are missing, then runs the script in this process.
import { mkdirSync, readFileSync, rmdirSync, statSync, utimesSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import '../test/harness/process/orphan.cjs';
import { isInstalled, runNpm, showingPackages } from '../test/harness/process/npm.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const LOCK = join(ROOT, '.installing');
const POLL_MS = 500;
const STALE_MS = 10_000;

/** The Node that package.json asks for, when this one is older. */
function wantedNode() {
	const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
	const wanted = engines.node.replace('>=', '');
	const [major, minor] = wanted.split('.').map(Number);
	const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
	const isOld = ownMajor < major || (ownMajor === major && ownMinor < minor);
	return isOld ? wanted : undefined;
}

/** `proper-lockfile` in short, since no library is installed yet. */
async function exclusively(work) {
	for (let waited = false; !take(); waited = true) {
		if (!waited) console.error('Another process is installing the dependencies: waiting for it…');
		await delay(POLL_MS);
	}
	const held = setInterval(() => utimesSync(LOCK, new Date(), new Date()), POLL_MS);
	try {
		return await work();
	} finally {
		clearInterval(held);
		rmdirSync(LOCK);
	}
}

function take() {
	try {
		mkdirSync(LOCK);
		return true;
	} catch (error) {
		if (error.code !== 'EEXIST') throw error;
	}
	const since = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? 0;
	if (Date.now() - since < STALE_MS) return false;
	utimesSync(LOCK, new Date(), new Date());
	return true;
}

/** Resolves with npm's exit code, 0 when there was nothing to do. */
async function install() {
	if (isInstalled(ROOT)) return 0;
	return await exclusively(async () => {
		if (isInstalled(ROOT)) return 0;
		console.error('Installing the development dependencies (1 GB, only once)…');
		const code = await showingPackages(ROOT, () =>
			runNpm(['ci', '--loglevel=error'], { cwd: ROOT }),
		);
		if (code !== 0) console.error(`npm ci ended with exit code ${code}: its reason is above.`);
		return code;
	});
}

async function main([script]) {
	const wanted = wantedNode();
	if (wanted !== undefined) {
		console.error(
			`This needs Node ${wanted} or newer, and this is Node ${process.versions.node}: install a newer Node, then run the command again.`,
		);
		return 1;
	}
	const code = await install();
	if (code !== 0) return code;
	process.argv.splice(1, 2, resolve(ROOT, script));
	await import('tsx');
	await import(pathToFileURL(process.argv[1]));
	return 0;
}

const code = await main(process.argv.slice(2));
if (code !== 0) process.exitCode = code;
