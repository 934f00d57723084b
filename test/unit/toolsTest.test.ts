import { planOf } from '../../tools/test/plan';
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
});
