import { join, resolve } from 'node:path';

import { runNpm } from '../../test/harness/process/npm.mjs';
import { Copy, fileOf } from './copy';
import { PLANTED_FAULTS, type PlantedFault } from './faults';

/**
 * Plants each fault of `faults.ts`, or those of the files that begin as an argument does, in a copy of
 * the work tree, and says which test notices.
 */

const ROOT = resolve(__dirname, '..', '..');

/** The first test that fails; undefined when all pass. */
async function firstFailure(folder: string, args: string[]): Promise<string | undefined> {
	let printed = '';
	const jest = ['exec', '--', 'jest', '--selectProjects', 'unit', 'node', '--bail', ...args];
	const code = await runNpm(jest, { cwd: folder, onOutput: (text) => (printed += text) });
	if (code === 0) return undefined;
	const file = /^FAIL \S+ (\S+)/m.exec(printed)?.[1];
	const name = /^ {2}● (.+)$/m.exec(printed)?.[1];
	if (file === undefined) throw new Error(`Jest ended with ${code}:\n${printed}`);
	return [file, name].join(': ');
}

/** What notices a fault: the tests that import its file are asked first, then all. */
async function noticedBy(copy: Copy, fault: PlantedFault): Promise<string | undefined> {
	const related = ['--findRelatedTests', join(copy.folder, fileOf(fault))];
	return await copy.withFault(
		fault,
		async () => (await firstFailure(copy.folder, related)) ?? (await firstFailure(copy.folder, [])),
	);
}

async function main(rooms: string[]): Promise<number> {
	const chosen = PLANTED_FAULTS.filter(
		({ file }) => rooms.length === 0 || rooms.some((room) => file.startsWith(room)),
	);
	const copy = new Copy(ROOT);
	let unnoticed = 0;
	console.log('| File | What it breaks | Noticed by |\n|---|---|---|');
	try {
		for (const fault of chosen) {
			const { file, breaks, onlyInN8n } = fault;
			const notice = onlyInN8n ?? (await noticedBy(copy, fault));
			if (notice === undefined) unnoticed += 1;
			console.log(`| ${file} | ${breaks} | ${notice ?? '**nothing**'} |`);
		}
	} finally {
		copy.remove();
	}
	console.log(`\n${chosen.length - unnoticed} noticed, ${unnoticed} not`);
	return unnoticed === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
	(code) => (process.exitCode = code),
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	},
);
