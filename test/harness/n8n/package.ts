import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../../tools/bootstrap/locks.mjs';

const execute = promisify(execFile);
const ROOT = resolve(__dirname, '..', '..', '..');
const CACHE = join(ROOT, '.cache', 'packed');
const SOURCES = ['nodes', 'credentials', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const SHIPPED = ['gulpfile.js', 'README.md', 'LICENSE', 'LICENSE.md', 'CHANGELOG.md'];

/** Where the suite's global set-up leaves the tarball's path for the tests. */
export const TARBALL_VARIABLE = 'KLING_PACKAGE_TARBALL';

/** Runs a command in the repository; it does not outlive this process. */
async function run(command: string, args: string[]): Promise<void> {
	const running = execute(command, args, { cwd: ROOT });
	const stop = () => running.child.kill();
	process.once('exit', stop);
	try {
		await running;
	} finally {
		process.off('exit', stop);
	}
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
	return await withLock(
		join(CACHE, '.packing'),
		() => {},
		async () => await build(folder),
	);
}

async function build(folder: string): Promise<string> {
	const known = tarballIn(folder);
	if (known !== undefined) return known;
	await run(process.execPath, [join(ROOT, 'tools', 'run.mjs'), 'build']);
	const unfinished = `${folder}.${process.pid}`;
	mkdirSync(unfinished, { recursive: true });
	try {
		await run('npm', ['pack', '--pack-destination', unfinished]);
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
