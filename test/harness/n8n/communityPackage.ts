import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const manifestSchema = z.object({ name: z.string(), version: z.string() });
/** Installs a packed package where n8n looks for community nodes; any other version of it goes. */
export async function installPackage(tarball: string, userFolder: string): Promise<void> {
	const nodes = nodesFolder(userFolder);
	const unpacked = mkdtempSync(join(nodes, '.unpack-'));
	try {
		await run('tar', ['-xzf', tarball, '-C', unpacked]);
		const source = join(unpacked, 'package');
		const manifest = readFileSync(join(source, 'package.json'), 'utf8');
		const { name, version } = manifestSchema.parse(JSON.parse(manifest));
		const target = join(nodes, 'node_modules', name);
		rmSync(target, { recursive: true, force: true });
		cpSync(source, target, { recursive: true });
		// What n8n itself writes when it installs one.
		const installed = { name: 'installed-nodes', private: true, dependencies: { [name]: version } };
		writeFileSync(join(nodes, 'package.json'), JSON.stringify(installed, null, 2));
	} finally {
		rmSync(unpacked, { recursive: true, force: true });
	}
}

function nodesFolder(userFolder: string): string {
	const folder = join(userFolder, '.n8n', 'nodes');
	mkdirSync(folder, { recursive: true });
	return folder;
}
