import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const manifestSchema = z.object({ name: z.string(), version: z.string() });

/** Installs a packed package where n8n looks for community nodes, with what n8n itself writes there. */
export async function installPackage(tarball: string, userFolder: string): Promise<void> {
	const nodes = join(userFolder, '.n8n', 'nodes');
	mkdirSync(nodes, { recursive: true });
	const unpacked = mkdtempSync(join(nodes, '.unpack-'));
	try {
		await run('tar', ['-xzf', tarball, '-C', unpacked]);
		const source = join(unpacked, 'package');
		const manifest = manifestSchema.parse(
			JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')),
		);
		const target = join(nodes, 'node_modules', manifest.name);
		rmSync(target, { recursive: true, force: true });
		cpSync(source, target, { recursive: true });
		const installed = {
			name: 'installed-nodes',
			private: true,
			dependencies: { [manifest.name]: manifest.version },
		};
		writeFileSync(join(nodes, 'package.json'), JSON.stringify(installed, null, 2));
	} finally {
		rmSync(unpacked, { recursive: true, force: true });
	}
}
