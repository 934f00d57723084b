import { callOften } from '../../harness/queue/stage';
import { lastEnd } from '../executions';
import { noOp, webhook, workflow } from '../../harness/n8n/workflow';
import { openQueue, resetEmulator, type BenchStage } from '../stages';
import { AFTER, WAY_NAMES, workflowFor, type Way } from '../workflows';
import { formatSeconds, type Row } from '../report';

const CONCURRENCY = 5;

interface Throughput {
	seconds: number;
	requestsPerVideo: number;
}

interface Measured extends Throughput {
	way: Way;
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

/** The ways that keep a worker waiting, measured side by side: they sleep most of the time. */
async function measureHolding(lengthSeconds: number, count: number): Promise<Measured[]> {
	const ways = ['poll', 'loop', 'inProcess'] as const;
	const stages: Array<[Way, BenchStage]> = [];
	try {
		for (const way of ways) {
			stages.push([way, await openQueue(CONCURRENCY, { paceMs: lengthSeconds * 1000 })]);
		}
		return await Promise.all(
			stages.map(async ([way, stage]) => ({ way, ...(await measure(way, stage, count)) })),
		);
	} finally {
		for (const [, stage] of stages) await stage.stop();
	}
}

/** The ways that sleep, and as many executions that do nothing, in turn on a worker of their own. */
async function measureSuspending(
	lengthSeconds: number,
	count: number,
): Promise<{ nothing: number; own: Measured; bare: Measured }> {
	const stage = await openQueue(CONCURRENCY, { paceMs: lengthSeconds * 1000 });
	try {
		const nothing = await measureNothing(stage, count);
		const bare = await measure('bareCallback', stage, count);
		resetEmulator(stage.emulator);
		const own = await measure('callback', stage, count);
		return {
			nothing,
			bare: { way: 'bareCallback', ...bare },
			own: { way: 'callback', ...own },
		};
	} finally {
		await stage.stop();
	}
}

/** The rows on throughput and on requests per video. */
export async function throughputRows(lengthSeconds: number, count: number): Promise<Row[]> {
	const others = await measureHolding(lengthSeconds, count);
	const { nothing, own, bare } = await measureSuspending(lengthSeconds, count);
	const all = [own, bare, ...others];
	const title = `${count} generations of ${lengthSeconds} s, one worker, concurrency ${CONCURRENCY}`;
	return [
		...all.map(({ way, seconds }) => ({
			figure: `${title}: all through`,
			what: WAY_NAMES[way],
			value: `${formatSeconds(seconds)}${comparison(seconds, own.seconds)}`,
			n: count,
		})),
		{
			figure: `${title}: all through`,
			what: 'for scale: as many executions that do nothing',
			value: formatSeconds(nothing),
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
