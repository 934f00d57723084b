import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

import { installRuntime } from './install';

const ROOT = resolve(__dirname, '..', '..', '..');
/** One folder, with manifest and lock, for each version of n8n that every run of the tests uses. */
const RUNTIMES = join(ROOT, 'test', 'harness', 'n8n', 'runtimes');
/** Where any other version is installed. */
const OTHER_RUNTIMES = join(ROOT, '.cache', 'n8n');

/** The n8n that everything runs on unless `N8N_VERSION` names another. */
export const DEFAULT_N8N_VERSION = '2.41.1';
/** The variable that names the version of n8n. */
export const N8N_VERSION_VARIABLE = 'N8N_VERSION';

/**
 * Modules that fetch something from the internet when n8n starts. n8n does not start when it is told
 * to leave out a module that its version does not have: 2.0 has none of these.
 */
const ONLINE_MODULES = ['mcp-registry'];

/** What a Jest project says about its n8n; one that says nothing takes what `N8N_VERSION` names. */
export const projectOptionsSchema = z.object({ n8nVersion: z.string().optional() });

const versionSchema = z.string().regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
const manifestSchema = z
	.object({
		dependencies: z.object({ n8n: z.string(), node: z.string().optional() }).passthrough(),
	})
	.passthrough();

/** The programs of an installed n8n: a Node new enough for it, and its command line. */
export interface Runtime {
	node: string;
	n8n: string;
	/** Parts of this n8n that would talk to the internet by themselves. */
	onlineModules: string[];
}

const ready = new Map<string, Promise<Runtime>>();

/** The version of n8n to run: what `N8N_VERSION` says, else the default. */
export function n8nVersion(): string {
	const wanted = process.env[N8N_VERSION_VARIABLE];
	if (wanted === undefined || wanted === '') return DEFAULT_N8N_VERSION;
	const version = versionSchema.safeParse(wanted);
	if (!version.success) {
		throw new Error(`${N8N_VERSION_VARIABLE} is “${wanted}”, which is no version such as 2.0.0.`);
	}
	return version.data;
}

/** The folder that a version of n8n is installed in; one outside the repository's own gets its manifest. */
export function runtimeFolder(version: string = n8nVersion()): string {
	const own = join(RUNTIMES, version);
	if (existsSync(own)) return own;
	const folder = join(OTHER_RUNTIMES, version);
	if (!existsSync(join(folder, 'package.json'))) {
		const model = readManifest(join(RUNTIMES, DEFAULT_N8N_VERSION));
		const manifest = {
			...model,
			name: `n8n-runtime-${version}`,
			dependencies: { ...model.dependencies, n8n: version },
		};
		mkdirSync(folder, { recursive: true });
		writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, '\t'));
		writeFileSync(
			join(folder, '.npmrc'),
			readFileSync(join(RUNTIMES, DEFAULT_N8N_VERSION, '.npmrc')),
		);
	}
	return folder;
}

/**
 * Installs n8n where it is missing or incomplete, by default in the version that `N8N_VERSION`
 * names; a few minutes the first time, nothing after that.
 */
export async function ensureRuntime(
	onProgress?: (line: string) => void,
	version = n8nVersion(),
): Promise<Runtime> {
	const installing =
		ready.get(version) ??
		install(runtimeFolder(version), onProgress).catch((error: unknown) => {
			ready.delete(version);
			throw error;
		});
	ready.set(version, installing);
	return await installing;
}

async function install(
	folder: string,
	onProgress: (line: string) => void = () => {},
): Promise<Runtime> {
	const bundled = needsBundledNode(folder);
	await installRuntime(folder, bundled ? ['sqlite3', 'node'] : ['sqlite3'], onProgress);
	const modules = join(folder, 'node_modules');
	const node = bundled ? join(modules, 'node', 'bin', 'node') : process.execPath;
	const n8n = join(modules, 'n8n', 'bin', 'n8n');
	for (const file of [node, n8n]) {
		if (!existsSync(file)) throw new Error(`n8n was installed, but ${file} is missing.`);
	}
	const onlineModules = ONLINE_MODULES.filter((name) =>
		existsSync(join(modules, 'n8n', 'dist', 'modules', name)),
	);
	return { node, n8n, onlineModules };
}

/** Whether the n8n in this folder wants a newer Node than this one; its manifest then brings it. */
function needsBundledNode(folder: string): boolean {
	const { node } = readManifest(folder).dependencies;
	const major = (version: string) => Number(version.split('.')[0]);
	return node !== undefined && major(process.versions.node) < major(node);
}

function readManifest(folder: string): z.infer<typeof manifestSchema> {
	return manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
}
