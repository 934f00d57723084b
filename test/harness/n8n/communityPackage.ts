import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const manifestSchema = z.object({ name: z.string(), version: z.string() }).passthrough();
type Manifest = z.infer<typeof manifestSchema>;

/** Stands in for the package's first version: what it left behind in executions and workflows. */
const FIRST_VERSION = join(__dirname, 'firstVersion');
/** Not a file of its own, which would be a second package of this name to Jest. */
const FIRST_MANIFEST: Manifest = {
	name: 'n8n-nodes-aivideoapi-kling',
	version: '0.1.0',
	n8n: {
		n8nNodesApiVersion: 1,
		credentials: ['AiVideoApi.credentials.js'],
		nodes: ['Kling.node.js', 'KlingTrigger.node.js'],
	},
};

/** Installs a packed package where n8n looks for community nodes; any other version of it goes. */
export async function installPackage(tarball: string, userFolder: string): Promise<void> {
	const nodes = nodesFolder(userFolder);
	const unpacked = mkdtempSync(join(nodes, '.unpack-'));
	try {
		await run('tar', ['-xzf', tarball, '-C', unpacked]);
		const source = join(unpacked, 'package');
		const manifest = readFileSync(join(source, 'package.json'), 'utf8');
		place(source, manifestSchema.parse(JSON.parse(manifest)), nodes);
	} finally {
		rmSync(unpacked, { recursive: true, force: true });
	}
}

/** Installs what stands in for the first version of the package, to be replaced by the present one. */
export function installFirstVersion(userFolder: string): void {
	place(FIRST_VERSION, FIRST_MANIFEST, nodesFolder(userFolder));
}

function nodesFolder(userFolder: string): string {
	const folder = join(userFolder, '.n8n', 'nodes');
	mkdirSync(folder, { recursive: true });
	return folder;
}

/** Copies a package there, with what n8n itself writes when it installs one. */
function place(source: string, manifest: Manifest, nodes: string): void {
	const target = join(nodes, 'node_modules', manifest.name);
	rmSync(target, { recursive: true, force: true });
	cpSync(source, target, { recursive: true });
	writeJson(join(target, 'package.json'), manifest);
	writeJson(join(nodes, 'package.json'), {
		name: 'installed-nodes',
		private: true,
		dependencies: { [manifest.name]: manifest.version },
	});
}

function writeJson(file: string, value: unknown): void {
	writeFileSync(file, JSON.stringify(value, null, 2));
}
