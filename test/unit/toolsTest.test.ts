import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { planOf, readTotals } from '../../tools/test/plan';
import { totalsOf } from '../harness/totals.cjs';

const SUITES = ['unit', 'node', 'main', 'n8n', 'queue'];
const STRICT = { strict: true, filtered: false };

describe('what to run', () => {
	test('by default the checks, and the suites that take no more than minutes', () => {
		expect(planOf([], SUITES)).toEqual(['typecheck', 'lint', 'unit', 'node', 'main']);
	});

	test('all of it when asked for', () => {
		expect(planOf(['all'], SUITES)).toEqual(['typecheck', 'lint', ...SUITES]);
	});

	test('named suites without the checks, in the usual order', () => {
		expect(planOf(['n8n', 'unit'], SUITES)).toEqual(['unit', 'n8n']);
	});

	test.each([
		['an unknown suite', 'nodes', 'There is no suite “nodes”'],
		['an option', '-t', "Unknown option '-t'"],
	])('%s is refused', (_, arg, message) => {
		expect(() => planOf([arg], SUITES)).toThrow(message);
	});
});

describe('the totals of a run of Jest', () => {
	const RESULTS = {
		numPassedTests: 0,
		numFailedTests: 0,
		numPendingTests: 0,
		numTodoTests: 0,
		numRuntimeErrorTestSuites: 0,
		testResults: [],
	};
	const idle = { numPassingTests: 0, numFailingTests: 0, testFilePath: 'idle.test.ts' };

	test.each([
		['passed', { numPassedTests: 3 }, { passed: 3, failed: 0, complaints: [] }],
		['failed', { numPassedTests: 3, numFailedTests: 1 }, { passed: 3, failed: 1 }],
		['not loaded', { numRuntimeErrorTestSuites: 1 }, { passed: 0, failed: 1 }],
		['no test', {}, { failed: 1, complaints: ['no test ran'] }],
		[
			'skipped',
			{ numPassedTests: 2, numPendingTests: 1 },
			{ failed: 1, complaints: ['1 skipped'] },
		],
		['to do', { numPassedTests: 2, numTodoTests: 1 }, { failed: 1 }],
		['a file of which nothing ran', { numPassedTests: 2, testResults: [idle] }, { failed: 1 }],
	])('%s', (_, results, expected) => {
		expect(totalsOf({ ...RESULTS, ...results }, STRICT)).toMatchObject(expected);
	});

	test.each([
		['on the machine of a person', { strict: false, filtered: false }],
		['when only tests of a certain name were wanted', { strict: true, filtered: true }],
	])('skipped tests are fine %s', (_, how) => {
		const results = { ...RESULTS, numPassedTests: 2, numPendingTests: 9 };
		expect(totalsOf(results, how)).toEqual({ passed: 2, failed: 0, complaints: [] });
	});
});

describe('what came of a suite', () => {
	let folder = '';
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'kling-totals-'));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	function read(exitCode: number, totals?: { passed: number; failed: number }) {
		const file = join(folder, 'totals.json');
		if (totals !== undefined) writeFileSync(file, JSON.stringify({ ...totals, complaints: [] }));
		return readTotals(file, exitCode);
	}

	test('its totals', () => {
		expect(read(1, { passed: 2, failed: 1 })).toMatchObject({ passed: 2, failed: 1 });
	});

	test('a failing exit code without a failed test is a failure', () => {
		expect(read(1, { passed: 2, failed: 0 })).toMatchObject({ passed: 2, failed: 1 });
	});

	test('no totals are a failure, whatever the exit code', () => {
		expect(read(0)).toMatchObject({ passed: 0, failed: 1 });
	});
});
