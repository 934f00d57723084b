import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';

const ROOT = resolve(__dirname, '..', '..');
const NOT_OURS = ['node_modules', '.git', '.cache', 'dist'];

const lockSchema = z.object({
	packages: z.record(
		z.object({
			optionalDependencies: z.record(z.string()).default({}),
			optional: z.boolean().default(false),
			os: z.array(z.string()).optional(),
			cpu: z.array(z.string()).optional(),
		}),
	),
});
type Packages = z.infer<typeof lockSchema>['packages'];

function lockFiles(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return NOT_OURS.includes(entry.name) ? [] : lockFiles(path);
		return entry.name === 'package-lock.json' ? [path] : [];
	});
}

/** Whether the lock has an entry where Node would look for `name` from the package at `path`. */
function isLocked(packages: Packages, path: string, name: string): boolean {
	for (let folder = path; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
		if (`${folder}/node_modules/${name}` in packages) return true;
		if (!folder.includes('/node_modules/')) return `node_modules/${name}` in packages;
	}
}

function missingFrom(lock: unknown): string[] {
	const { packages } = lockSchema.parse(lock);
	return Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
		Object.keys(optionalDependencies)
			.filter((name) => !isLocked(packages, path, name))
			.map((name) => `${path} needs ${name}`),
	);
}

/** Packages for some systems only that npm 10 would insist on, everywhere. */
function requiredOnOtherSystems(lock: unknown): string[] {
	const { packages } = lockSchema.parse(lock);
	return Object.entries(packages)
		.filter(([, { os, cpu, optional }]) => (os ?? cpu) !== undefined && !optional)
		.map(([path]) => path);
}

// npm leaves the packages of other systems out when it writes a lock beside an installation, and
// `npm ci` then refuses the lock. The remedy: `npm install --package-lock-only` in an empty folder. It
// may forget to mark such a package `optional`, too, which npm 10 (not 11) takes literally.
describe('npm ci accepts on every system', () => {
	const locks = lockFiles(ROOT).map((file) => relative(ROOT, file));

	test('more than one lock: the root’s and that of n8n', () => {
		expect(locks.length).toBeGreaterThan(1);
		expect(locks).toContain('package-lock.json');
	});

	test.each(locks)('%s', (file) => {
		const lock: unknown = JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
		expect(missingFrom(lock)).toEqual([]);
		expect(requiredOnOtherSystems(lock)).toEqual([]);
	});
});
