import { callOften } from '../../harness/queue/stage';
import { code, noOp, webhook, workflow, type WorkflowJson } from '../../harness/n8n/workflow';
import { lastEnd } from '../executions';
import { formatSeconds, type Row } from '../report';
import { residentMb, watchPeak } from '../resident';
import { openRegular, type BenchStage } from '../stages';
import { AFTER } from '../workflows';

interface Measured {
	seconds: number;
	requestsPerVideo: number;
	beforeMb: number;
	peakMb: number;
}

/** The rows on many images in one execution and in as many executions, in regular mode. */
export async function itemRows(lengthSeconds: number, count: number): Promise<Row[]> {
	const shapes: Array<[what: string, executions: number, items: number]> = [
		['as items of one execution', 1, count],
		['as executions of one item', count, 1],
	];
	const rows: Row[] = [];
	for (const [what, executions, items] of shapes) {
		const measured = await measure(lengthSeconds, executions, items);
		const { seconds, requestsPerVideo, beforeMb, peakMb } = measured;
		rows.push({
			figure: `${count} images, generations of ${lengthSeconds} s, Create Video and Wait, \`callback\``,
			what,
			value: `${formatSeconds(seconds)}; ${requestsPerVideo.toFixed(2)} requests a video; n8n at most ${peakMb.toFixed(0)} MiB, ${beforeMb.toFixed(0)} before`,
			n: count,
		});
	}
	return rows;
}

async function measure(
	lengthSeconds: number,
	executions: number,
	items: number,
): Promise<Measured> {
	const stage = await openRegular({ paceMs: lengthSeconds * 1000 });
	try {
		const { emulator, n8n, log } = stage;
		const { id, url } = await stage.deploy(waitForItems(stage, items));
		const beforeMb = residentMb(n8n.pid);
		const peak = watchPeak(n8n.pid);
		const startedAt = Date.now();
		await callOften(url, executions);
		await log.untilCount(id, 'success', executions);
		const peakMb = peak.stop();
		const videos = emulator.tasks().length;
		if (videos !== executions * items) throw new Error(`${videos} videos were made`);
		const requests = emulator.count({ route: 'create' }) + emulator.count({ route: 'getTask' });
		return {
			seconds: (lastEnd(await log.all(id)) - startedAt) / 1000,
			requestsPerVideo: requests / videos,
			beforeMb,
			peakMb,
		};
	} finally {
		await stage.stop();
	}
}

/** Each call makes a video of each of so many items, and waits for all of them. */
export function waitForItems(stage: BenchStage, items: number): WorkflowJson {
	const path = `items-${items}`;
	return workflow(path)
		.node('Webhook', webhook(path))
		.node('Items', code(`return Array.from({ length: ${items} }, () => ({ json: {} }));`))
		.node('Video', stage.creates({ operation: 'createAndWait', waitStrategy: 'callback' }))
		.node(AFTER, noOp())
		.chain('Webhook', 'Items', 'Video', AFTER)
		.json();
}
