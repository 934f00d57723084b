import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

import { runNpm } from '../../test/harness/process/npm.mjs';
import { Copy, fileOf, testsOf } from './copy';
import type { PlantedFault } from './fault';
import { PLANTED_FAULTS } from './faults';

/**
 * Plants each fault of `faults/`, or those of the files that begin as an argument does, in a copy of
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
	// A fault that cannot be compiled fails every test, and shows nothing.
	if (file === undefined || name === 'Test suite failed to run') {
		throw new Error(`Jest ended with ${code}:\n${printed}`);
	}
	return [file, name].join(': ');
}

/** What notices a fault: the test that is known to is asked first, then those that import its file, then all. */
async function noticeOf(copy: Copy, fault: PlantedFault): Promise<string | undefined> {
	const { folder } = copy;
	const related = ['--findRelatedTests', join(folder, fileOf(fault))];
	return await copy.withFault(fault, async () => {
		for (const args of [testsOf(fault), related, []]) {
			const failed = args === null ? undefined : await firstFailure(folder, args);
			if (failed !== undefined) return failed;
		}
		return undefined;
	});
}

async function main(rooms: string[]): Promise<number> {
	const chosen = PLANTED_FAULTS.filter(
		({ file }) => rooms.length === 0 || rooms.some((room) => file.startsWith(room)),
	);
	const queue = chosen.values();
	let unnoticed = 0;
	const begun = Date.now();
	/** Goes through the queue together with others, each in a copy of its own. */
	const plantAll = async () => {
		const copy = new Copy(ROOT);
		try {
			for (const fault of queue) {
				const { file, breaks, onlyInN8n } = fault;
				const notice = onlyInN8n ?? (await noticeOf(copy, fault));
				if (notice === undefined) unnoticed += 1;
				console.log(`| ${file} | ${breaks} | ${notice ?? '**nothing**'} |`);
			}
		} finally {
			copy.remove();
		}
	};
	console.log('| File | What it breaks | Noticed by |\n|---|---|---|');
	await Promise.all(Array.from({ length: availableParallelism() }, plantAll));
	const seconds = Math.round((Date.now() - begun) / 1000);
	console.log(`\n${chosen.length - unnoticed} noticed, ${unnoticed} not, in ${seconds} s`);
	return unnoticed === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
	(code) => (process.exitCode = code),
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	},
);
