import {
	appendFileSync,
	existsSync,
	mkdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { exclusively } from '../process/lock';
import { isInstalled, runNpm, showingPackages } from '../process/npm.mjs';

const ROOT = resolve(__dirname, '..', '..', '..');
/** Written into `node_modules` once the install scripts ran: the packages they ran for. */
const PREPARED = '.rebuilt';
const OUTPUT_KEPT = 50_000;
/** Without a network, npm itself would try for minutes. */
const QUICK = [
	'--fetch-retries=2',
	'--fetch-retry-mintimeout=1000',
	'--fetch-retry-maxtimeout=5000',
];
const UNREACHABLE =
	/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|FETCH_ERROR|EIDLETIMEOUT)\b/;

type Say = (line: string) => void;

/**
 * Makes sure that `folder` holds the n8n of its lock and that the packages in `rebuild` ran their
 * install scripts. Does nothing when that is so; an installation that was cut off is done again.
 *
 * @param say gets a line for each thing that is started
 * @throws Error with one sentence for the user
 */
export async function installRuntime(folder: string, rebuild: string[], say: Say): Promise<void> {
	if (isReady(folder, rebuild)) return;
	const what = `n8n ${basename(folder)} (some 3 GB, a few minutes, only once)`;
	await exclusively(
		join(folder, 'node_modules'),
		() => say(`Another process is installing ${what}: waiting for it…`),
		async () => {
			if (isReady(folder, rebuild)) return;
			const npm = npmIn(folder, what);
			if (!isInstalled(folder)) {
				say(`Installing ${what}…`);
				// A version that was asked for ad hoc has no lock yet.
				if (!existsSync(join(folder, 'package-lock.json'))) {
					await npm(['install', '--package-lock-only', ...QUICK]);
				}
				await showingPackages(folder, async () => await npm(['ci', ...QUICK]));
			}
			say(`Preparing ${rebuild.join(' and ')}…`);
			await npm(['rebuild', ...rebuild, '--ignore-scripts=false']);
			writeFileSync(join(folder, 'node_modules', PREPARED), rebuild.join());
		},
	);
}

function isReady(folder: string, rebuild: string[]): boolean {
	const marker = join(folder, 'node_modules', PREPARED);
	return (
		isInstalled(folder) && existsSync(marker) && readFileSync(marker, 'utf8') === rebuild.join()
	);
}

/** npm for a folder: what it prints goes into a log file, and it rejects when npm fails. */
function npmIn(folder: string, what: string): (args: string[]) => Promise<void> {
	const logFile = join(ROOT, '.cache', 'logs', `npm-${basename(folder)}.log`);
	mkdirSync(dirname(logFile), { recursive: true });
	rmSync(logFile, { force: true });
	return async (args) => {
		let output = '';
		const onOutput = (text: string) => {
			output = (output + text).slice(-OUTPUT_KEPT);
			appendFileSync(logFile, text);
		};
		const code = await runNpm(args, { cwd: folder, onOutput });
		if (code !== 0) throw new Error(explain(code, output, what, relative(ROOT, logFile)));
	};
}

/** Why an npm command failed, in one sentence. */
export function explain(code: number, output: string, what: string, logFile: string): string {
	const details = `npm's own output is in ${logFile}`;
	if (/\bENOSPC\b/.test(output)) return `The disk is too full to install ${what} (${details}).`;
	if (UNREACHABLE.test(output)) {
		return `No connection to the npm registry, so ${what} could not be installed (${details}).`;
	}
	return `Installing ${what} ended with exit code ${code} (${details}).`;
}
