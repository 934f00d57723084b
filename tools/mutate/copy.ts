import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import type { PlantedFault } from './fault';

/** What the fast suites do without or get from the work tree, and the test that notices any fault. */
const LEFT_OUT = new Set(['node_modules', '.git', '.cache', 'dist', 'toolsMutate.test.ts']);

/** The file that a fault is planted in, below the root. */
export const fileOf = ({ file }: PlantedFault): string => join('nodes', 'Kling', file);

/** What Jest is told to run the test that is known to notice a fault; null where none is. */
export function testsOf({ noticedBy }: PlantedFault): string[] | null {
	if (noticedBy === undefined) return null;
	const [file = '', name = ''] = noticedBy.split(': ');
	const pattern = name.replace(/[^\w ]/g, '.');
	return ['--testPathPatterns', `test/${file}.test.ts`, '--testNamePattern', pattern];
}

/** The text of a file with the fault in it. */
export function plant(text: string, { file, find, replace }: PlantedFault): string {
	const [before, after, ...more] = text.split(find);
	if (before === undefined || after === undefined || more.length > 0) {
		throw new Error(`“${find}” does not stand once in ${file}: adapt tools/mutate/faults/.`);
	}
	return `${before}${replace}${after}`;
}

/** A copy of the work tree, as it is now, to plant faults in. */
export class Copy {
	readonly folder = mkdtempSync(join(tmpdir(), 'kling-mutate-'));

	constructor(root: string) {
		cpSync(root, this.folder, {
			recursive: true,
			filter: (source) => source === root || !LEFT_OUT.has(basename(source)),
		});
		symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
	}

	/** Plants a fault for as long as `work` takes. */
	async withFault<T>(fault: PlantedFault, work: () => Promise<T>): Promise<T> {
		const path = join(this.folder, fileOf(fault));
		const original = readFileSync(path, 'utf8');
		writeFileSync(path, plant(original, fault));
		try {
			return await work();
		} finally {
			writeFileSync(path, original);
		}
	}

	remove(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}
