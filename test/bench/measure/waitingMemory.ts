import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { webhook, workflow, type NodeSpec } from '../../harness/n8n/workflow';
import { until } from '../../harness/n8n/stage';
import { callOften } from '../../harness/queue/stage';
import type { Row } from '../report';
import { openRegular } from '../stages';
import { WAY_NAMES, workflowFor, type Way } from '../workflows';

/** Executions that went through before, so that what n8n keeps once is there already. */
const WARM_UP = 100;
/** Long enough for the execution to be asleep before its video is ready. */
const WARM_UP_PACE_MS = 5_000;
const SETTLE_MS = 5_000;

const memorySchema = z.object({ heapUsed: z.number(), external: z.number(), rss: z.number() });
type Memory = z.infer<typeof memorySchema>;

/** The rows on the memory of one n8n in regular mode per waiting execution. */
export async function waitingMemoryRows(waiting: number): Promise<Row[]> {
	// An in-process poller asks for its video all the time: a quarter keeps this machine busy.
	const counts: Array<[Way, number]> = [
		['callback', waiting],
		['inProcess', Math.ceil(waiting / 4)],
	];
	const rows: Row[] = [];
	for (const [way, count] of counts) {
		const { heap, rss } = await measure(way, count);
		rows.push({
			figure: 'memory of n8n per waiting execution',
			what:
				way === 'callback' ? `${WAY_NAMES[way]}, the looks at its task included` : WAY_NAMES[way],
			value: `${formatBytes(heap)} on the heap; resident ${rss > 0 ? formatBytes(rss) : 'did not grow'}`,
			n: count,
		});
	}
	return rows;
}

function formatBytes(bytes: number): string {
	const kib = bytes / 1024;
	return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

async function measure(way: Way, count: number): Promise<{ heap: number; rss: number }> {
	const stage = await openRegular({ paceMs: WARM_UP_PACE_MS }, { NODE_OPTIONS: '--expose-gc' });
	try {
		const { emulator, log } = stage;
		const { id, url } = await stage.deploy(workflowFor(way, stage, `memory-${way}`));
		const gauge = await stage.deploy(
			workflow('Gauge')
				.node('Webhook', webhook('gauge', { respond: 'lastNode' }))
				.node('Collect', collectGarbage())
				.chain('Webhook', 'Collect')
				.json(),
		);
		const call = async (times: number) => await callOften(url, times, () => ({ prompt: 'A cat' }));

		await call(WARM_UP);
		await log.untilCount(id, 'success', WARM_UP);
		const before = await gaugeMemory(gauge.url);
		emulator.setPace(Infinity);
		await call(count);
		if (way === 'callback') await log.untilCount(id, 'waiting', count);
		else await until(() => emulator.tasks().length === WARM_UP + count || undefined);
		const after = await gaugeMemory(gauge.url);
		return {
			heap: (after.heapUsed + after.external - before.heapUsed - before.external) / count,
			rss: (after.rss - before.rss) / count,
		};
	} finally {
		await stage.stop();
	}
}

function collectGarbage(): NodeSpec {
	return { type: 'CUSTOM.collectGarbage', typeVersion: 1, parameters: {} };
}

async function gaugeMemory(url: string): Promise<Memory> {
	await delay(SETTLE_MS);
	const response = await fetch(url, { method: 'POST' });
	return memorySchema.parse(await response.json());
}
