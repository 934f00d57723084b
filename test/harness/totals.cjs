const { writeFileSync } = require('node:fs');

require('./process/orphan.cjs');

/**
 * The totals of a run of Jest, and what is wrong with it although Jest lets it pass: skipped tests
 * on a machine that is to check everything, and files in which no test ran.
 *
 * @param results what Jest hands its reporters at the end (`AggregatedResult`)
 * @param how `strict`: skipped tests count; `filtered`: only tests of a certain name were wanted
 * @returns {{ passed: number, failed: number, complaints: string[] }}
 */
function totalsOf(results, { strict, filtered }) {
	const passed = results.numPassedTests;
	// A test file that cannot even be loaded has no tests that could fail.
	const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
	const skipped = results.numPendingTests + results.numTodoTests;
	const complaints = [];
	if (strict && !filtered && skipped > 0) complaints.push(`${skipped} skipped`);
	const idle = results.testResults.filter(
		(file) => file.numPassingTests + file.numFailingTests === 0 && !file.testExecError,
	);
	if (!filtered) complaints.push(...idle.map((file) => `no test ran in ${file.testFilePath}`));
	if (passed + failed === 0 && idle.length === 0) complaints.push('no test ran');
	return { passed, failed: failed + complaints.length, complaints };
}

/** Jest reporter: the last line of a run is its totals, `N passed, N failed`. */
class TotalsReporter {
	constructor(globalConfig) {
		this.filtered = Boolean(globalConfig.testNamePattern);
	}

	onRunComplete(_contexts, results) {
		const strict = process.env.CI === 'true';
		const totals = totalsOf(results, { strict, filtered: this.filtered });
		if (totals.complaints.length > 0) this.error = new Error(totals.complaints.join('\n'));
		const file = process.env.TEST_TOTALS_FILE;
		if (file !== undefined) writeFileSync(file, JSON.stringify(totals));
		const lines = [...totals.complaints, `${totals.passed} passed, ${totals.failed} failed`];
		// Jest writes its summary after this.
		process.once('exit', () => console.log(lines.join('\n')));
	}

	/** What Jest is to fail for. */
	getLastError() {
		return this.error;
	}
}

module.exports = TotalsReporter;
module.exports.totalsOf = totalsOf;
