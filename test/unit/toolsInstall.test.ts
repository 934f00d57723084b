import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from '../harness/process/npm.mjs';

const A = { version: '1.0.0' };
const B = { version: '2.0.0' };
const LOCK = {
	'': { devDependencies: { a: '^1.0.0' } },
	'node_modules/a': A,
	'node_modules/b': B,
};

let folder = '';
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'kling-install-'));
	mkdirSync(join(folder, 'node_modules'));
	writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: LOCK }));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what npm listed as installed, against the lock', () => {
	test.each([
		['the same', { 'node_modules/a': A, 'node_modules/b': B }, true],
		['without what only other systems or peers need', { 'node_modules/a': A }, true],
		['without a package that the project names', { 'node_modules/b': B }, false],
		['another version', { 'node_modules/a': { version: '1.0.1' } }, false],
		['a package too many', { 'node_modules/a': A, 'node_modules/c': A }, false],
	])('%s', (_, packages, expected) => {
		const list = join(folder, 'node_modules', '.package-lock.json');
		writeFileSync(list, JSON.stringify({ packages }));
		expect(isInstalled(folder)).toBe(expected);
	});

	test('an installation that was cut off has no list', () => {
		expect(isInstalled(folder)).toBe(false);
	});

	test('a list that is cut off counts as none', () => {
		writeFileSync(join(folder, 'node_modules', '.package-lock.json'), '{ "packages": {');
		expect(isInstalled(folder)).toBe(false);
	});
});
