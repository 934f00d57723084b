import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { inPackage } from '../unpacked';
import { BY_HAND, manifestSchema, missingFrom, toList } from './missing';

/**
 * `npm run release:check`: all that is missing for a release, in one list. With `--tagged` the tag is
 * there already, as when the release runs.
 */

const ROOT = resolve(__dirname, '..', '..');
/** What n8n's scanner reads of the repository. */
const SOURCES = ['nodes', 'credentials'];

/** The texts below a folder, by their path behind `name`. */
function textsIn(folder: string, name: string): Array<[string, string]> {
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name: file }) => join(parentPath, file))
		.map((path) => [`${name}${path.slice(folder.length)}`, readFileSync(path, 'utf8')]);
}

function tagsOf(folder: string): string[] {
	return execFileSync('git', ['tag'], { cwd: folder, encoding: 'utf8' }).split('\n');
}

async function main(): Promise<void> {
	const manifest = manifestSchema.parse(
		JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')),
	);
	const sources = SOURCES.flatMap((name) => textsIn(join(ROOT, name), name));
	const packed = await inPackage((folder) => textsIn(folder, 'tarball:'));
	const missing = missingFrom({
		manifest,
		changelog: readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'),
		tags: process.argv.includes('--tagged') ? [] : tagsOf(ROOT),
		files: new Map([...sources, ...packed]),
	});
	const { name, version } = manifest;
	if (missing.length === 0) console.log(`${name} ${version} can be published.`);
	else console.log(`Missing for ${name} ${version}:\n${toList(missing)}`);
	console.log(`\nTo do by hand, once:\n${toList(BY_HAND)}`);
	process.exitCode = missing.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
