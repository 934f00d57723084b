import { planOf } from '../../tools/test/args';
import { outcomeOf, summarize } from '../../tools/test/results';

const SUITES = ['unit', 'node', 'n8n'];

function jestOutput(counts: Record<string, number>): string {
	return JSON.stringify({
		numPassedTests: 0,
		numFailedTests: 0,
		numPendingTests: 0,
		numTodoTests: 0,
		numRuntimeErrorTestSuites: 0,
		...counts,
	});
}

describe('what to run', () => {
	test('everything by default, with the checks', () => {
		expect(planOf([], SUITES)).toEqual({ checks: true, suites: SUITES, jestArgs: [] });
	});

	test('named suites without the checks, in the usual order', () => {
		expect(planOf(['n8n', 'unit'], SUITES)).toMatchObject({
			checks: false,
			suites: ['unit', 'n8n'],
		});
	});

	test('options go to Jest', () => {
		expect(planOf(['unit', '-t', 'a name'], SUITES).jestArgs).toEqual(['-t', 'a name']);
	});

	test('an unknown suite is refused', () => {
		expect(() => planOf(['nodes'], SUITES)).toThrow('There is no suite “nodes”');
	});
});

describe('what came of it', () => {
	test.each([
		['passed', jestOutput({ numPassedTests: 3 }), 0, { passed: 3, failed: 0 }],
		['failed', jestOutput({ numPassedTests: 3, numFailedTests: 1 }), 1, { passed: 3, failed: 1 }],
		['not loaded', jestOutput({ numRuntimeErrorTestSuites: 1 }), 1, { passed: 0, failed: 1 }],
		['no test', jestOutput({}), 0, { failed: 1, complaint: 'no test ran' }],
		['skipped', jestOutput({ numPassedTests: 2, numPendingTests: 1 }), 0, { failed: 1 }],
		['to do', jestOutput({ numPassedTests: 2, numTodoTests: 1 }), 0, { failed: 1 }],
		['a failing exit code', jestOutput({ numPassedTests: 2 }), 1, { failed: 1 }],
		['no output', undefined, 1, { passed: 0, failed: 1 }],
	])('%s', (_, json, exitCode, expected) => {
		expect(outcomeOf('unit', json, exitCode)).toMatchObject(expected);
	});

	test('skipped tests are fine when only some were asked for', () => {
		const json = jestOutput({ numPassedTests: 2, numPendingTests: 9 });
		expect(outcomeOf('unit', json, 0, true)).toEqual({ name: 'unit', passed: 2, failed: 0 });
	});

	test('the totals are alone on the last line', () => {
		const summary = summarize([
			{ name: 'unit', passed: 12, failed: 0 },
			{ name: 'n8n', passed: 1, failed: 2, complaint: '1 skipped' },
		]);
		expect(summary.split('\n')).toEqual([
			'unit: 12 passed, 0 failed',
			'n8n: 1 passed, 2 failed (1 skipped)',
			'13 passed, 2 failed',
		]);
	});
});
