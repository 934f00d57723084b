import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';

/** What finds most mistakes in the shortest time; `npm test` runs these with `QUICK`. */
export const CHECKS = ['typecheck', 'lint'];

/** The suites of `npm test`: a few minutes. The others take longer, and run with `ALL`. */
const QUICK = ['unit', 'node', 'main'];

/** Stands for every suite: `npm run test:all`. */
export const ALL = 'all';

const totalsSchema = z.object({
	passed: z.number(),
	failed: z.number(),
	complaints: z.array(z.string()),
});

/** What came of a suite or of a check, and how long it took. */
export interface Outcome extends z.infer<typeof totalsSchema> {
	name: string;
	seconds: number;
}

/** What to run: the named suites alone; without names the checks and the quick suites, or all. */
export function planOf(args: string[], suites: readonly string[]): string[] {
	const { positionals } = parseArgs({ args, allowPositionals: true });
	const unknown = positionals.find((name) => name !== ALL && !suites.includes(name));
	if (unknown !== undefined) {
		throw new Error(`There is no suite “${unknown}”: the suites are ${suites.join(', ')}.`);
	}
	if (positionals.includes(ALL)) return [...CHECKS, ...suites];
	if (positionals.length > 0) return suites.filter((name) => positionals.includes(name));
	return [...CHECKS, ...suites.filter((name) => QUICK.includes(name))];
}

/** One line for each suite with its time, then the totals alone on the last line. */
export function summarize(outcomes: readonly Outcome[]): string {
	const total = (key: 'passed' | 'failed' | 'seconds') =>
		outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
	const lines = outcomes.map(({ name, passed, failed, seconds, complaints }) =>
		[`${name}: ${passed} passed, ${failed} failed, ${timeOf(seconds)}`, ...complaints].join('; '),
	);
	lines.push(`all of it: ${timeOf(total('seconds'))}`);
	return [...lines, `${total('passed')} passed, ${total('failed')} failed`].join('\n');
}

/** Minutes and seconds: `0:42`, `12:05`. */
function timeOf(seconds: number): string {
	const whole = Math.round(seconds);
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
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
