import { z } from 'zod';

const resultsSchema = z.object({
	numPassedTests: z.number(),
	numFailedTests: z.number(),
	numPendingTests: z.number(),
	numTodoTests: z.number(),
	numRuntimeErrorTestSuites: z.number(),
});

/** What came of a suite, or of a check: its counts, and what is wrong with it beyond failed tests. */
export interface Outcome {
	name: string;
	passed: number;
	failed: number;
	complaint?: string;
}

/**
 * The outcome of a suite from what Jest wrote (undefined when it wrote nothing) and its exit code.
 * Skipped tests are a failure, unless Jest was asked for some of the tests only (`filtered`).
 */
export function outcomeOf(
	name: string,
	json: string | undefined,
	exitCode: number,
	filtered = false,
): Outcome {
	if (json === undefined) {
		return { name, passed: 0, failed: 1, complaint: 'Jest did not run it to its end' };
	}
	const results = resultsSchema.parse(JSON.parse(json));
	const passed = results.numPassedTests;
	// A test file that cannot even be loaded has no tests that could fail.
	const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
	const skipped = results.numPendingTests + results.numTodoTests;
	if (passed + failed === 0) return { name, passed, failed: 1, complaint: 'no test ran' };
	if (skipped > 0 && !filtered) {
		return { name, passed, failed: Math.max(failed, 1), complaint: `${skipped} skipped` };
	}
	if (exitCode !== 0 && failed === 0) {
		return { name, passed, failed: 1, complaint: `Jest ended with exit code ${exitCode}` };
	}
	return { name, passed, failed };
}

/** The outcome of a suite that this machine cannot run: a failure where it must run. */
export function notRun(name: string, missing: readonly string[], mustRun: boolean): Outcome {
	const complaint = `not run: this machine has no ${missing.join(' and no ')}`;
	return { name, passed: 0, failed: mustRun ? 1 : 0, complaint };
}

/** The summary: one line for each suite, the totals alone on the last line. */
export function summarize(outcomes: readonly Outcome[]): string {
	const total = (key: 'passed' | 'failed') =>
		outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
	const lines = outcomes.map(({ name, passed, failed, complaint }) => {
		const counts = `${name}: ${passed} passed, ${failed} failed`;
		return complaint === undefined ? counts : `${counts} (${complaint})`;
	});
	return [...lines, `${total('passed')} passed, ${total('failed')} failed`].join('\n');
}
