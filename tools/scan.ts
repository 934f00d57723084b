import { ESLint } from 'eslint';
import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

import { inPackage } from './unpacked';

const ROOT = resolve(__dirname, '..');
/** What n8n's scanner looks at: in a published package, and in the repository it was made from. */
const PUBLISHED = ['**/*.{js,ts,json}'];
const SOURCES = ['package.json', '{nodes,credentials}/**/*.{js,ts,json}'];
/** Everything that a package consists of. */
const SHIPPED = ['dist', 'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

/** Prints what the rules say; resolves with the number of findings, warnings included. */
async function scan(folder: string, patterns: string[]): Promise<number> {
	const eslint = new ESLint({
		cwd: folder,
		overrideConfigFile: join(__dirname, 'scan.config.mjs'),
		// Comments that turn rules off are not listened to.
		allowInlineConfig: false,
	});
	const results = await eslint.lintFiles(patterns);
	const formatter = await eslint.loadFormatter('stylish');
	console.log(`${results.length} files scanned in ${relative(ROOT, folder) || '.'}`);
	console.log(await formatter.format(results));
	return results.reduce((sum, file) => sum + file.errorCount + file.warningCount, 0);
}

/** The names at the package's top that must not be there, and those that are missing. */
function wrongFiles(present: string[]): string[] {
	const differs = (name: string) => present.includes(name) !== SHIPPED.includes(name);
	return [...new Set([...present, ...SHIPPED])].filter(differs);
}

async function main(): Promise<void> {
	const found = await inPackage(async (folder) => {
		const wrong = wrongFiles(readdirSync(folder));
		for (const name of wrong) console.log(`${name}: missing in the package, or not allowed in it`);
		return wrong.length + (await scan(folder, PUBLISHED)) + (await scan(ROOT, SOURCES));
	});
	console.log(found === 0 ? 'Clean: no errors, no warnings.' : `${found} to mend.`);
	process.exitCode = found === 0 ? 0 : 1;
}

void main();
