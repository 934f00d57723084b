import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';

import { ROOT } from '../bootstrap/install.mjs';
import { runCommand } from '../bootstrap/processes.mjs';
import { planOf, type TestPlan } from './args';
import { missingFor } from './requirements';
import { notRun, outcomeOf, summarize, type Outcome } from './results';

const CHECKS = ['typecheck', 'lint', 'build'];
/** Suites that start nothing heavy; in all others each file starts an n8n: one at a time. */
const LIGHT = ['unit', 'node'];
const configSchema = z.object({ projects: z.array(z.object({ displayName: z.string() })) });
const RESULTS = join(ROOT, '.cache', 'test-results');
const INTERRUPTED = 128;

/** The names of Jest's projects, in the order of running. */
function suites(): string[] {
	const config: unknown = createRequire(__filename)(join(ROOT, 'jest.config.js'));
	return configSchema.parse(config).projects.map(({ displayName }) => displayName);
}

async function runNode(args: string[]): Promise<number> {
	const code = await runCommand(process.execPath, args, { cwd: ROOT });
	// Interrupted: whatever would come next is not wanted any more.
	if (code > INTERRUPTED) process.exit(code);
	return code;
}

async function check(name: string): Promise<Outcome> {
	console.error(`\n── ${name}`);
	const code = await runNode([join(ROOT, 'tools', 'run.mjs'), name]);
	return code === 0
		? { name, passed: 0, failed: 0 }
		: { name, passed: 0, failed: 1, complaint: `exit code ${code}` };
}

async function suite(name: string, jestArgs: string[]): Promise<Outcome> {
	console.error(`\n── ${name}`);
	const file = join(RESULTS, `${name}.json`);
	mkdirSync(RESULTS, { recursive: true });
	rmSync(file, { force: true });
	const code = await runNode([
		join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
		...['--selectProjects', name, '--json', '--outputFile', file],
		...(LIGHT.includes(name) ? [] : ['--runInBand']),
		...jestArgs,
	]);
	const json = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
	return outcomeOf(name, json, code, jestArgs.length > 0);
}

async function run(plan: TestPlan): Promise<Outcome[]> {
	const outcomes: Outcome[] = [];
	for (const name of plan.checks ? CHECKS : []) {
		const outcome = await check(name);
		if (outcome.failed > 0) return [outcome];
	}
	// Where everything was asked for, a suite may be left out on a machine that lacks what it needs;
	// where it was asked for by name, or where a machine is to check everything, it may not.
	const mustRun = !plan.checks || process.env.CI === 'true';
	for (const name of plan.suites) {
		const missing = missingFor(name);
		outcomes.push(
			missing.length > 0 ? notRun(name, missing, mustRun) : await suite(name, plan.jestArgs),
		);
	}
	return outcomes;
}

async function main(): Promise<void> {
	const outcomes = await run(planOf(process.argv.slice(2), suites()));
	process.exitCode = outcomes.some(({ failed }) => failed > 0) ? 1 : 0;
	console.log(`\n${summarize(outcomes)}`);
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
