import { startEmulator } from '../../emulator';
import { code, webhook, workflow, type NodeSpec } from '../../harness/n8n/workflow';
import { stageOn } from '../../harness/n8n/stage';
import { formatMilliseconds, type Row } from '../report';
import { resetEmulator, type BenchStage } from '../stages';
import { median } from '../statistics';
import { createRequest } from '../workflows';

const ITEMS = 100;
const LATENCY_MS = 200;
const RUNS = 3;

/** The rows on many creates in one run, in regular mode. */
export async function createRows(stage: BenchStage): Promise<Row[]> {
	const emulator = await startEmulator({ paceMs: Infinity, latencyMs: LATENCY_MS });
	try {
		const slow = await stageOn(emulator, stage.n8n);
		const creates = (concurrency: number) =>
			slow.creates({ callback: 'none', options: { concurrency } });
		const candidates: Array<[string, NodeSpec]> = [
			['Create Video, concurrency 5 (the default)', creates(5)],
			['Create Video, concurrency 1', creates(1)],
			['HTTP Request node, batching as by default', createRequest({ ...stage, emulator }, 'A cat')],
		];
		const rows: Row[] = [];
		for (const [index, [what, node]] of candidates.entries()) {
			const times: number[] = [];
			for (let run = 0; run < RUNS; run += 1) {
				resetEmulator(emulator);
				times.push(await measure(stage, node, `creates-${index}-${run}`));
				const sent = emulator.count({ route: 'create' });
				if (sent !== ITEMS) throw new Error(`${sent} instead of ${ITEMS} were created`);
			}
			rows.push({
				figure: `${ITEMS} creates in one run, API latency ${LATENCY_MS} ms`,
				what,
				value: formatMilliseconds(median(times)),
				n: RUNS,
			});
		}
		return rows;
	} finally {
		await emulator.stop();
	}
}

/** How long the node took, in ms. */
async function measure(stage: BenchStage, node: NodeSpec, path: string): Promise<number> {
	const { n8n, log } = stage;
	const { id, url } = await stage.deploy(
		workflow(path)
			.node('Webhook', webhook(path))
			.node('Items', code(`return Array.from({ length: ${ITEMS} }, () => ({ json: {} }));`))
			.node('Creates', node)
			.chain('Webhook', 'Items', 'Creates')
			.json(),
	);
	await fetch(url, { method: 'POST' });
	await log.untilCount(id, 'success', 1);
	const [execution] = await log.allInFull(id);
	const time = execution?.data.resultData.runData.Creates?.[0]?.executionTime;
	if (execution === undefined || time === undefined) throw new Error('The node did not run');
	if (n8n.api.outputOf(execution, 'Creates').length !== ITEMS) throw new Error('Items are missing');
	return time;
}
