import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startEmulator } from '../emulator';
import { startN8n } from '../harness/n8n/instance';
import { packPackage } from '../harness/n8n/package';
import { stageOn } from '../harness/n8n/stage';
import { missingServices } from '../harness/queue/binaries';
import { startCluster } from '../harness/queue/cluster';
import { CROWD, runCrowd, toCrowdTable } from './crowd';
import { FULL, planChaos, SHORT, type ChaosSize } from './plan';
import { reportOn, toChaosTable, type ChaosReport } from './report';
import { runStorm } from './storm';

/**
 * The chaos run: hundreds of videos in a real n8n, in regular and in queue mode, while callbacks are
 * lost, repeated and forged, reads fail, and n8n is killed once. `--short` takes two minutes a mode;
 * `--write` puts the tables into docs/reliability.md, `--only regular|queue|crowd` runs one part.
 */

const PAGE = join(__dirname, '..', '..', 'docs', 'reliability.md');
const TABLE = /(<!-- chaos -->\n)[\s\S]*?(<!-- \/chaos -->)/;

async function onRegular(size: ChaosSize): Promise<ChaosReport> {
	const emulator = await startEmulator({ callbackTimeoutMs: 30_000 });
	const stage = await stageOn(emulator, await startN8n({ tarball: await packPackage() }));
	try {
		const { n8n } = stage;
		const victim = { kill: async () => await n8n.kill(), start: async () => await n8n.restart() };
		return reportOn('regular', await runStorm(stage, planChaos(size), victim));
	} finally {
		await stage.stop();
	}
}

/** Killed is the one of two workers that looks after half of the executions. */
async function onQueue(size: ChaosSize): Promise<ChaosReport> {
	const emulator = await startEmulator({ callbackTimeoutMs: 30_000 });
	const cluster = await startCluster({ tarball: await packPackage(), workers: 2 });
	const stage = await stageOn(emulator, cluster);
	try {
		const [worker] = cluster.workers;
		if (worker === undefined) throw new Error('The cluster has no worker');
		const plan = planChaos({ ...size, seed: size.seed + 100 });
		return reportOn('queue', await runStorm(stage, plan, worker));
	} finally {
		await stage.stop();
	}
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			short: { type: 'boolean', default: false },
			write: { type: 'boolean', default: false },
			only: { type: 'string' },
		},
	});
	process.setMaxListeners(50);
	// A way out that ends the servers, and removes their folders.
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
	const size = values.short ? SHORT : FULL;
	const reports: ChaosReport[] = [];
	const runs = (part: string) => values.only === undefined || values.only === part;
	if (runs('regular')) reports.push(await onRegular(size));
	const missing = missingServices();
	if (runs('queue') && missing.length === 0) reports.push(await onQueue(size));
	if (missing.length > 0)
		console.error(`No queue mode: this machine has no ${missing.join(', ')}.`);

	const tables = reports.length > 0 ? [toChaosTable(reports)] : [];
	if (runs('crowd') && !values.short) tables.push(toCrowdTable(await runCrowd(CROWD)));
	const table = tables.join('\n\n');
	console.log(`\n${table}`);
	for (const { mode, faultsFound } of reports) {
		for (const line of faultsFound) console.error(`${mode}: ${line}`);
	}
	if (values.write) {
		const page = readFileSync(PAGE, 'utf8');
		if (!TABLE.test(page)) throw new Error('docs/reliability.md has no place for the table');
		writeFileSync(
			PAGE,
			page.replace(TABLE, (_, start: string, end: string) => `${start}\n${table}\n\n${end}`),
		);
	}
	if (reports.some(({ faultsFound }) => faultsFound.length > 0)) process.exitCode = 1;
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
