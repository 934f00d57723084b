import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';

/** After the first suite, before those that take minutes. */
export const CHECKS = ['typecheck', 'lint'];

const totalsSchema = z.object({
	passed: z.number(),
	failed: z.number(),
	complaints: z.array(z.string()),
});

/** What came of a suite or of a check. */
export interface Outcome extends z.infer<typeof totalsSchema> {
	name: string;
}

/** What to run: the named suites only, else all of them and the checks. */
export function planOf(args: string[], suites: readonly string[]): string[] {
	const { positionals } = parseArgs({ args, allowPositionals: true });
	const unknown = positionals.find((name) => !suites.includes(name));
	if (unknown !== undefined) {
		throw new Error(`There is no suite “${unknown}”: the suites are ${suites.join(', ')}.`);
	}
	if (positionals.length > 0) return suites.filter((name) => positionals.includes(name));
	const [first = '', ...others] = suites;
	return [first, ...CHECKS, ...others];
}

/** One line for each suite, then the totals alone on the last line. */
export function summarize(outcomes: readonly Outcome[]): string {
	const total = (key: 'passed' | 'failed') =>
		outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
	const lines = outcomes.map(({ name, passed, failed, complaints }) =>
		[`${name}: ${passed} passed, ${failed} failed`, ...complaints].join('; '),
	);
	return [...lines, `${total('passed')} passed, ${total('failed')} failed`].join('\n');
}

/** A run of Jest that left no totals did not come to its end. */
export function readTotals(file: string, exitCode: number): z.infer<typeof totalsSchema> {
	try {
		const totals = totalsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
		if (exitCode === 0 || totals.failed > 0) return totals;
		return { ...totals, failed: 1, complaints: [`Jest ended with exit code ${exitCode}`] };
	} catch {
		return { passed: 0, failed: 1, complaints: ['Jest did not run it to its end'] };
	}
}
