import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = resolve(__dirname, '..', '..', '..');
const MODULES = join(ROOT, 'test', 'n8n', 'runtime', 'node_modules');
const INSTALLER = join(ROOT, 'tools', 'bootstrap', 'installRuntime.mjs');
const NODE_MAJOR = 24;

/** The programs of the installed n8n: a Node new enough for it, and its command line. */
export interface Runtime {
	node: string;
	n8n: string;
}

let ready: Promise<Runtime> | undefined;

/** Installs n8n where it is missing or incomplete; a few minutes the first time, nothing after that. */
export async function ensureRuntime(onProgress?: (line: string) => void): Promise<Runtime> {
	ready ??= install(onProgress).catch((error: unknown) => {
		ready = undefined;
		throw error;
	});
	return await ready;
}

async function install(onProgress: (line: string) => void = () => {}): Promise<Runtime> {
	await runInstaller(onProgress);
	const ownNode = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR;
	const node = ownNode ? process.execPath : join(MODULES, 'node', 'bin', 'node');
	const n8n = join(MODULES, 'n8n', 'bin', 'n8n');
	for (const file of [node, n8n]) {
		if (!existsSync(file)) throw new Error(`n8n was installed, but ${file} is missing.`);
	}
	return { node, n8n };
}

async function runInstaller(onProgress: (line: string) => void): Promise<void> {
	await new Promise<void>((done, fail) => {
		const installer = spawn(process.execPath, [INSTALLER], { stdio: ['pipe', 'pipe', 'pipe'] });
		let complaint = '';
		createInterface(installer.stdout).on('line', onProgress);
		installer.stderr.on('data', (chunk: Buffer) => {
			complaint += chunk.toString();
		});
		installer.once('error', fail);
		installer.once('close', (code) => {
			if (code === 0) done();
			else fail(new Error(complaint.trim() || `The installer of n8n ended with ${String(code)}.`));
		});
	});
}
