import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

import manifest from '../../package.json';
import { findChromium } from '../../test/harness/browser/chromium';
import { runNpm } from '../../test/harness/process/npm.mjs';
import { missingServices } from '../../test/harness/queue/binaries';
import { CHECKS, planOf, readTotals, summarize, type Outcome } from './plan';

const ROOT = resolve(__dirname, '..', '..');
const TOTALS_FILE = join(ROOT, '.cache', 'totals.json');
/** The suites are the scripts called `test:…`, in their order; the first starts at once. */
const SUITES = Object.keys(manifest.scripts).flatMap((name) => /^test:(.+)/.exec(name)?.[1] ?? []);

/** What a suite needs beyond npm's packages and this machine does not have. */
function missingFor(suite: string): string[] {
	if (suite === 'queue') return missingServices();
	return suite === 'browser' && findChromium() === undefined ? ['chromium'] : [];
}

async function check(name: string): Promise<Outcome> {
	const code = await runNpm(['run', '--silent', name], { cwd: ROOT });
	return code === 0
		? { name, passed: 0, failed: 0, complaints: [] }
		: { name, passed: 0, failed: 1, complaints: [`exit code ${code}`] };
}

async function suite(name: string): Promise<Outcome> {
	rmSync(TOTALS_FILE, { force: true });
	mkdirSync(join(ROOT, '.cache'), { recursive: true });
	const env = { TEST_TOTALS_FILE: TOTALS_FILE };
	const code = await runNpm(['run', '--silent', `test:${name}`], { cwd: ROOT, env });
	return { name, ...readTotals(TOTALS_FILE, code) };
}

async function main(args: string[]): Promise<number> {
	const plan = planOf(args, SUITES);
	// Where all was asked for, what this machine cannot run is left out; elsewhere it is a failure.
	const mustRun = plan.length < SUITES.length || process.env.CI === 'true';
	const outcomes: Outcome[] = [];
	for (const name of plan) {
		console.error(`\n── ${name}`);
		const missing = missingFor(name);
		if (missing.length > 0) {
			const complaints = [`not run: this machine has no ${missing.join(' and no ')}`];
			outcomes.push({ name, passed: 0, failed: mustRun ? 1 : 0, complaints });
			continue;
		}
		const isCheck = CHECKS.includes(name);
		const outcome = isCheck ? await check(name) : await suite(name);
		outcomes.push(outcome);
		// What does not compile fails everywhere else for that reason alone.
		if (isCheck && outcome.failed > 0) break;
	}
	console.log(`\n${summarize(outcomes)}`);
	return outcomes.some(({ failed }) => failed > 0) ? 1 : 0;
}

main(process.argv.slice(2)).then(
	(code) => (process.exitCode = code),
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	},
);
