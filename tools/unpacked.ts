import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packPackage } from '../test/harness/n8n/package';

/** Packs the package as npm would publish it, and works on what is in the tarball. */
export async function inPackage<T>(work: (folder: string) => Promise<T> | T): Promise<T> {
	const unpacked = mkdtempSync(join(tmpdir(), 'kling-package-'));
	try {
		execFileSync('tar', ['-xzf', await packPackage(), '-C', unpacked]);
		return await work(join(unpacked, 'package'));
	} finally {
		rmSync(unpacked, { recursive: true, force: true });
	}
}
