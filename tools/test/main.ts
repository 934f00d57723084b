import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

import manifest from '../../package.json';
import { findChromium } from '../../test/harness/browser/chromium';
import { runNpm } from '../../test/harness/process/npm.mjs';
import { missingServices } from '../../test/harness/queue/binaries';
import { ALL, CHECKS, planOf, readTotals, summarize, type Outcome } from './plan';

const ROOT = resolve(__dirname, '..', '..');
const TOTALS_FILE = join(ROOT, '.cache', 'totals.json');
/** The suites are the scripts called `test:…`, in their order. */
const SUITES = Object.keys(manifest.scripts)
	.flatMap((name) => /^test:(.+)/.exec(name)?.[1] ?? [])
	.filter((name) => name !== ALL);

/** What a suite needs beyond npm's packages and this machine does not have. */
function missingFor(suite: string): string[] {
	if (suite === 'queue') return missingServices();
	return suite === 'browser' && findChromium() === undefined ? ['chromium'] : [];
}

type Came = Pick<Outcome, 'passed' | 'failed' | 'complaints'>;

async function check(name: string): Promise<Came> {
	const code = await runNpm(['run', '--silent', name], { cwd: ROOT });
	return code === 0
		? { passed: 0, failed: 0, complaints: [] }
		: { passed: 0, failed: 1, complaints: [`exit code ${code}`] };
}

async function suite(name: string): Promise<Came> {
	rmSync(TOTALS_FILE, { force: true });
	mkdirSync(join(ROOT, '.cache'), { recursive: true });
	const env = { TEST_TOTALS_FILE: TOTALS_FILE };
	const code = await runNpm(['run', '--silent', `test:${name}`], { cwd: ROOT, env });
	return readTotals(TOTALS_FILE, code);
}

/** Runs one part of the plan; `mustRun`: what this machine cannot run is a failure, not left out. */
async function run(name: string, mustRun: boolean): Promise<Came> {
	const missing = missingFor(name);
	if (missing.length > 0) {
		const complaints = [`not run: this machine has no ${missing.join(' and no ')}`];
		return { passed: 0, failed: mustRun ? 1 : 0, complaints };
	}
	return CHECKS.includes(name) ? await check(name) : await suite(name);
}

async function main(args: string[]): Promise<number> {
	const plan = planOf(args, SUITES);
	// What this machine cannot run is left out of everything, but fails where it was asked for by name.
	const mustRun = !plan.some((name) => CHECKS.includes(name)) || process.env.CI === 'true';
	const outcomes: Outcome[] = [];
	for (const name of plan) {
		console.error(`\n── ${name}`);
		const startedAt = performance.now();
		const came = await run(name, mustRun);
		outcomes.push({ name, ...came, seconds: (performance.now() - startedAt) / 1_000 });
		// What does not compile fails everywhere else for that reason alone.
		if (CHECKS.includes(name) && came.failed > 0) break;
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
