import { explain } from '../../tools/bootstrap/install.mjs';
import { lockAgrees } from '../../tools/bootstrap/locks.mjs';

const root = { name: 'project' };
const a = { version: '1.0.0', integrity: 'sha512-a' };
const b = { version: '2.0.0', integrity: 'sha512-b' };

function lock(packages: Record<string, Record<string, unknown>>) {
	return { packages };
}

describe('whether what is installed agrees with the lock', () => {
	const wanted = lock({ '': root, 'node_modules/a': a, 'node_modules/b': b });

	test.each([
		['the same', lock({ 'node_modules/a': a, 'node_modules/b': b }), true],
		['nothing', undefined, false],
		['a missing package', lock({ 'node_modules/a': a }), false],
		['a package too many', lock({ 'node_modules/a': a, 'node_modules/b': b, c: a }), false],
		[
			'another version',
			lock({ 'node_modules/a': a, 'node_modules/b': { ...b, version: '2.0.1' } }),
			false,
		],
		[
			'another content',
			lock({ 'node_modules/a': a, 'node_modules/b': { ...b, integrity: 'sha512-c' } }),
			false,
		],
	])('%s', (_, installed, expected) => {
		expect(lockAgrees(wanted, installed)).toBe(expected);
	});

	test.each([{ optional: true }, { devOptional: true }, { os: ['sunos'] }, { cpu: ['s390x'] }])(
		'a package for another system may be missing: %j',
		(mark) => {
			const withOptional = lock({ 'node_modules/a': a, 'node_modules/b': { ...b, ...mark } });
			expect(lockAgrees(withOptional, lock({ 'node_modules/a': a }))).toBe(true);
		},
	);

	test('an empty lock agrees with nothing', () => {
		expect(lockAgrees(lock({}), lock({}))).toBe(false);
	});
});

test.each([
	['npm error code ENOTFOUND', 1, 'No connection to the npm registry'],
	['npm error network ETIMEDOUT', 1, 'No connection to the npm registry'],
	['npm error code ENOSPC', 1, 'The disk is too full'],
	['', 143, 'was stopped'],
	['npm error code EUSAGE', 7, 'ended with exit code 7'],
])('why an install failed: %j', (output, code, expected) => {
	const sentence = explain(code, output, 'n8n', 'npm.log');
	expect(sentence).toContain(expected);
	expect(sentence.match(/\.(?=\s|$)/g)).toHaveLength(1);
});
