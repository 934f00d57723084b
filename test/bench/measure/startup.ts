import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pidusage from 'pidusage';

import { startN8n } from '../../harness/n8n/instance';
import { packPackage } from '../../harness/n8n/package';
import { formatMilliseconds, type Row } from '../report';
import { median } from '../statistics';

const STARTS = 5;
const READY_LINE = 'Editor is now accessible';
const PACKAGE = 'n8n-nodes-aivideoapi-kling';
/** What n8n prints just before it loads a package that is not its own, and after that. */
const BEFORE_LINE = "Can't enable lazy-loading";
const LOADED_LINE = `Loaded all credentials and nodes from ${PACKAGE}`;

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
		const having: Start[] = [];
		const lacking: Start[] = [];
		for (let start = 0; start < STARTS; start += 1) {
			having.push(await startOnce(withFolder, tarball));
			lacking.push(await startOnce(withoutFolder));
		}
		const installed = join(withFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);
		return [
			row('n8n’s start, with the package', having.map(wholeOf)),
			row(
				'of that, loading the package, as n8n’s log has it',
				having.map(({ loading }) => loading),
			),
			row('n8n’s start, without it', lacking.map(wholeOf)),
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

const wholeOf = ({ whole }: Start) => whole;

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

interface Start {
	/** From the start of the process until n8n is ready, in ms. */
	whole: number;
	/** What n8n's own log says that loading the package took, in ms; 0 without it. */
	loading: number;
}

/** Starts n8n and stops it. */
async function startOnce(userFolder: string, tarball?: string): Promise<Start> {
	let readyAt = Number.NaN;
	const n8n = await startN8n({
		userFolder,
		tarball,
		env: { N8N_LOG_LEVEL: 'debug' },
		log: (line) => {
			if (line.includes(READY_LINE)) readyAt = Date.now();
		},
	});
	try {
		const { timestamp, elapsed } = await pidusage(n8n.pid);
		const loading =
			tarball === undefined ? 0 : timeOf(n8n.log(), LOADED_LINE) - timeOf(n8n.log(), BEFORE_LINE);
		return { whole: readyAt - (timestamp - elapsed), loading };
	} finally {
		await n8n.stop();
	}
}

/** When n8n printed a line, in ms since midnight. */
function timeOf(log: string, text: string): number {
	const line = log.split('\n').find((one) => one.includes(text));
	const time = /(\d\d):(\d\d):(\d\d\.\d+)/.exec(line ?? '');
	if (time === null) throw new Error(`n8n did not print when “${text}” was`);
	const [, hours, minutes, seconds] = time;
	return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

function sizeOf(folder: string): number {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
