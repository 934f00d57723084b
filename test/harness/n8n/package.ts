import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

import { exclusively } from '../process/lock';
import { runNpm } from '../process/npm.mjs';

const ROOT = resolve(__dirname, '..', '..', '..');
const CACHE = join(ROOT, '.cache', 'packed');
const SOURCES = ['nodes', 'credentials', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const SHIPPED = ['gulpfile.js', 'README.md', 'LICENSE', 'LICENSE.md', 'CHANGELOG.md'];

/** Where the suite's global set-up leaves the tarball's path for the tests. */
export const TARBALL_VARIABLE = 'KLING_PACKAGE_TARBALL';

/** Runs npm in the repository; what it prints is told only when it fails. */
async function npm(args: string[]): Promise<void> {
	let output = '';
	const onOutput = (text: string) => {
		output += text;
	};
	const code = await runNpm(args, { cwd: ROOT, onOutput });
	if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with exit code ${code}: ${output}`);
}

function filesOf(path: string): string[] {
	if (!existsSync(path)) return [];
	const entries = readdirSync(path, { withFileTypes: true, recursive: true });
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}

function sourceFiles(): string[] {
	return [...SOURCES, ...SHIPPED]
		.map((name) => join(ROOT, name))
		.flatMap((path) => (/\.\w+$|LICENSE$/.test(path) ? [path].filter(existsSync) : filesOf(path)))
		.sort();
}

function fingerprint(): string {
	const hash = createHash('sha256');
	for (const file of sourceFiles()) {
		hash.update(relative(ROOT, file)).update('\0').update(readFileSync(file)).update('\0');
	}
	return hash.digest('hex').slice(0, 16);
}

/**
 * Builds and packs the package as npm would publish it, and returns the tarball's path. Unchanged
 * sources are packed only once.
 */
export async function packPackage(): Promise<string> {
	const given = process.env[TARBALL_VARIABLE];
	if (given !== undefined && existsSync(given)) return given;
	const folder = join(CACHE, fingerprint());
	const known = tarballIn(folder);
	if (known !== undefined) return known;
	mkdirSync(CACHE, { recursive: true });
	return await exclusively(
		join(CACHE, 'packing'),
		() => {},
		async () => await build(folder),
	);
}

async function build(folder: string): Promise<string> {
	const known = tarballIn(folder);
	if (known !== undefined) return known;
	await npm(['run', 'build']);
	const unfinished = `${folder}.${process.pid}`;
	mkdirSync(unfinished, { recursive: true });
	try {
		await npm(['pack', '--pack-destination', unfinished]);
		renameSync(unfinished, folder);
	} finally {
		rmSync(unfinished, { recursive: true, force: true });
	}
	const packed = tarballIn(folder);
	if (packed === undefined) throw new Error(`npm pack left no tarball in ${folder}.`);
	return packed;
}

function tarballIn(folder: string): string | undefined {
	if (!existsSync(folder)) return undefined;
	const name = readdirSync(folder).find((entry) => entry.endsWith('.tgz'));
	return name === undefined ? undefined : join(folder, name);
}
