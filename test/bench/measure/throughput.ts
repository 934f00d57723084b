import { callOften } from '../../harness/queue/stage';
import { lastEnd } from '../executions';
import { noOp, webhook, workflow } from '../../harness/n8n/workflow';
import { openQueue, resetEmulator, type BenchStage } from '../stages';
import { AFTER, WAY_NAMES, workflowFor, type Way } from '../workflows';
import { formatSeconds, type Row } from '../report';
import { lookRows } from './looks';

const CONCURRENCY = 5;

interface Throughput {
	count: number;
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
	return { count, seconds: (ended - startedAt) / 1000, requestsPerVideo: requests / count };
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

/**
 * The ways that keep a worker waiting, measured side by side: they sleep most of the time. Half as
 * many as of the others, since their time grows with them.
 */
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
		return { nothing, bare: { way: 'bareCallback', ...bare }, own: { way: 'callback', ...own } };
	} finally {
		await stage.stop();
	}
}

/** The rows on throughput and on requests per video. */
export async function throughputRows(lengthSeconds: number, count: number): Promise<Row[]> {
	// Videos of five minutes hardly load the machine, and what holds a worker sleeps most of the time.
	const [others, looks] = await Promise.all([
		measureHolding(lengthSeconds, Math.ceil(count / 2)),
		lookRows(),
	]);
	const { nothing, own, bare } = await measureSuspending(lengthSeconds, count);
	const all = [own, bare, ...others];
	const figure = `generations of ${lengthSeconds} s, one worker, concurrency ${CONCURRENCY}: all through`;
	return [
		...all.map((measured) => ({
			figure,
			what: WAY_NAMES[measured.way],
			value: `${formatSeconds(measured.seconds)}${comparison(measured, own)}`,
			n: measured.count,
		})),
		{
			figure,
			what: 'for scale: as many executions that do nothing',
			value: formatSeconds(nothing),
			n: count,
		},
		...all.map((measured) => ({
			figure: 'API requests per finished video',
			what: WAY_NAMES[measured.way],
			value: measured.requestsPerVideo.toFixed(2),
			n: measured.count,
		})),
		...looks,
	];
}

function comparison(measured: Measured, own: Measured): string {
	if (measured === own) return '';
	const ratio = measured.seconds / measured.count / (own.seconds / own.count);
	return ` (${ratio.toFixed(1)} × callback for each)`;
}
