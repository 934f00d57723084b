import { callOften } from '../../queue/support/queueStage';
import { lastEnd } from '../executions';
import { noOp, webhook, workflow } from '../../n8n/harness/workflow';
import { openQueue, type BenchStage } from '../stages';
import { AFTER, WAY_NAMES, workflowFor, type Way } from '../workflows';
import { formatSeconds, type Row } from '../report';

const CONCURRENCY = 5;

interface Throughput {
	seconds: number;
	requestsPerVideo: number;
}

/** One way through a worker of its own: time until all are through, and requests to the API. */
async function measure(way: Way, stage: BenchStage, count: number): Promise<Throughput> {
	const { emulator, log } = stage;
	const { id, url } = await stage.deploy(workflowFor(way, stage, `throughput-${way}`));
	const startedAt = Date.now();
	await callOften(url, count, (index) => ({ prompt: `Number ${index}` }));
	await log.untilCount(id, 'success', count);
	const ended = lastEnd(await log.all(id));
	const requests = emulator.count({ route: 'create' }) + emulator.count({ route: 'getTask' });
	return { seconds: (ended - startedAt) / 1000, requestsPerVideo: requests / count };
}

/** As many executions that do nothing: what n8n itself needs to start and end them. */
async function measureNothing(stage: BenchStage, count: number): Promise<number> {
	const json = workflow('Nothing')
		.node('Webhook', webhook('nothing'))
		.node(AFTER, noOp())
		.chain('Webhook', AFTER)
		.json();
	const { id, url } = await stage.deploy(json);
	const startedAt = Date.now();
	await callOften(url, count);
	await stage.log.untilCount(id, 'success', count);
	return (lastEnd(await stage.log.all(id)) - startedAt) / 1000;
}

async function onOwnQueue<T>(
	lengthSeconds: number,
	work: (stage: BenchStage) => Promise<T>,
): Promise<T> {
	const stage = await openQueue(CONCURRENCY, { paceMs: lengthSeconds * 1000 });
	try {
		return await work(stage);
	} finally {
		await stage.stop();
	}
}

/** The rows on throughput and on requests per video. */
export async function throughputRows(lengthSeconds: number, count: number): Promise<Row[]> {
	const own = await onOwnQueue(lengthSeconds, async (stage) => ({
		nothing: await measureNothing(stage, count),
		callback: await measure('callback', stage, count),
	}));
	// Side by side, each with a Redis, a PostgreSQL and a worker of its own: they sleep most of the time.
	const others = [];
	const ways: Way[] = ['poll', 'loop', 'inProcess'];
	const stages: BenchStage[] = [];
	try {
		while (stages.length < ways.length) {
			stages.push(await openQueue(CONCURRENCY, { paceMs: lengthSeconds * 1000 }));
		}
		others.push(
			...(await Promise.all(
				stages.map(async (stage, index) => {
					const way = ways[index] ?? 'poll';
					return { way, ...(await measure(way, stage, count)) };
				}),
			)),
		);
	} finally {
		for (const stage of stages) await stage.stop();
	}
	const all = [{ way: 'callback' as const, ...own.callback }, ...others];
	const title = `${count} generations of ${lengthSeconds} s, one worker, concurrency ${CONCURRENCY}`;
	return [
		...all.map(({ way, seconds }) => ({
			figure: `${title}: all through`,
			what: WAY_NAMES[way],
			value: `${formatSeconds(seconds)}${comparison(seconds, own.callback.seconds)}`,
			n: count,
		})),
		{
			figure: `${title}: all through`,
			what: 'for scale: as many executions that do nothing',
			value: formatSeconds(own.nothing),
			n: count,
		},
		...all.map(({ way, requestsPerVideo }) => ({
			figure: 'API requests per finished video',
			what: WAY_NAMES[way],
			value: requestsPerVideo.toFixed(2),
			n: count,
		})),
	];
}

function comparison(seconds: number, own: number): string {
	return seconds === own ? '' : ` (${(seconds / own).toFixed(1)} × callback)`;
}
