import { join } from 'node:path';

import { callbackRows } from './measure/callbacks';
import { itemRows } from './measure/items';
import { lostRows } from './measure/lost';
import { manyItemRows } from './measure/manyItems';
import { resumptionRows } from './measure/resumption';
import { throughputRows } from './measure/throughput';
import { waitingMemoryRows } from './measure/waitingMemory';
import { readOptions, type BenchOptions } from './options';
import { toTable, writeReadme, type Row } from './report';
import { openRegular, type BenchStage } from './stages';
import { missingServices } from '../harness/queue/binaries';

type Part = [name: string, measure: () => Promise<Row[]>];

/** The parts, one after the other, in the order of the report. */
function parts({ length, count, waiting }: BenchOptions): Part[] {
	return [
		['throughput', async () => await throughputRows(length, count)],
		['items', async () => await itemRows(length, count)],
		['lost', async () => await onRegular(async (stage) => await lostRows(stage, length))],
		['many', async () => await onRegular(manyItemRows)],
		['resumption', async () => await onRegular(resumptionRows)],
		['memory', async () => await waitingMemoryRows(waiting)],
		['callbacks', async () => await onRegular(callbackRows)],
	];
}

async function onRegular(measure: (stage: BenchStage) => Promise<Row[]>): Promise<Row[]> {
	const stage = await openRegular();
	try {
		return await measure(stage);
	} finally {
		await stage.stop();
	}
}

async function main(): Promise<void> {
	const options = readOptions(process.argv.slice(2));
	const missing = missingServices();
	if (missing.length > 0) throw new Error(`This machine has no ${missing.join(' and no ')}.`);
	// Every server that is started wants to know when this process ends.
	process.setMaxListeners(50);
	// A way out that ends them, and removes their folders.
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
	const startedAt = new Date();
	const rows: Row[] = [];
	for (const [name, measure] of parts(options)) {
		if (options.only !== undefined && !options.only.includes(name)) continue;
		console.error(`── ${name}`);
		const measured = await measure();
		console.error(toTable(measured));
		rows.push(...measured);
	}
	console.log(`\n${toTable(rows)}`);
	if (options.only !== undefined) return;
	writeReadme(join(__dirname, 'README.md'), join(__dirname, 'readme.template.md'), rows, startedAt);
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
