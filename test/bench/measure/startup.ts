import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { startN8n } from '../../harness/n8n/instance';
import { packPackage } from '../../harness/n8n/package';
import { ensureRuntime } from '../../harness/n8n/runtime';
import { formatMilliseconds, type Row } from '../report';
import { median } from '../statistics';

const STARTS = 5;
const FIRST_LINE = '[harness] n8n starts';
const READY_LINE = 'Editor is now accessible';
const PACKAGE = 'n8n-nodes-aivideoapi-kling';

/** The rows on what the package costs while n8n starts, and on its size. */
export async function startupRows(): Promise<Row[]> {
	const tarball = await packPackage();
	const folders = [
		mkdtempSync(join(tmpdir(), 'kling-with-')),
		mkdtempSync(join(tmpdir(), 'kling-without-')),
	];
	const [withFolder = '', withoutFolder = ''] = folders;
	try {
		// The first start sets up the database: it does not count.
		await startOnce(withFolder, tarball);
		await startOnce(withoutFolder);
		const having: number[] = [];
		const lacking: number[] = [];
		for (let start = 0; start < STARTS; start += 1) {
			having.push(await startOnce(withFolder, tarball));
			lacking.push(await startOnce(withoutFolder));
		}
		const installed = join(withFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);
		return [
			row('n8n’s start, with the package', having),
			row('n8n’s start, without it', lacking),
			row('its modules alone, n8n’s own being loaded already', await loadOften(installed)),
			{
				figure: 'loading the package',
				what: 'size installed, and as it is downloaded',
				value: `${formatKib(sizeOf(installed))}, ${formatKib(statSync(tarball).size)}`,
				n: 1,
			},
		];
	} finally {
		for (const folder of folders) rmSync(folder, { recursive: true, force: true });
	}
}

function row(what: string, milliseconds: readonly number[]): Row {
	return {
		figure: 'loading the package',
		what,
		value: `median ${formatMilliseconds(median(milliseconds))} (${formatMilliseconds(Math.min(...milliseconds))} to ${formatMilliseconds(Math.max(...milliseconds))})`,
		n: milliseconds.length,
	};
}

function formatKib(bytes: number): string {
	return `${Math.round(bytes / 1024)} KiB`;
}

/** Loads what n8n loads of a package, after what n8n has loaded anyway, and prints the milliseconds. */
const LOAD = `
	for (const name of ['n8n-workflow', 'zod', 'node:crypto']) require(name);
	const { n8n } = require(process.argv[1] + '/package.json');
	const startedAt = performance.now();
	for (const file of [...n8n.nodes, ...n8n.credentials]) require(process.argv[1] + '/' + file);
	console.log(performance.now() - startedAt);
`;

/** How long the package's modules take to load, each time in a new process. */
async function loadOften(installed: string): Promise<number[]> {
	const { node, n8n } = await ensureRuntime();
	// The script finds n8n's own modules, and so does the package, as inside of n8n.
	const cwd = dirname(n8n);
	const env = { ...process.env, NODE_PATH: join(cwd, '..', '..') };
	return Array.from({ length: STARTS }, () =>
		Number(execFileSync(node, ['-e', LOAD, installed], { cwd, env, encoding: 'utf8' })),
	);
}

/** Starts n8n and stops it; how long the start took. */
async function startOnce(userFolder: string, tarball?: string): Promise<number> {
	let startedAt = Number.NaN;
	let readyAt = Number.NaN;
	const n8n = await startN8n({
		userFolder,
		tarball,
		log: (line) => {
			if (line.includes(FIRST_LINE)) startedAt = Date.now();
			if (line.includes(READY_LINE)) readyAt = Date.now();
		},
	});
	await n8n.stop();
	return readyAt - startedAt;
}

function sizeOf(folder: string): number {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
