import { inParallel } from '../../harness/queue/stage';
import { formatMilliseconds, type Row } from '../report';
import { resetEmulator, type BenchStage } from '../stages';
import { median, percentile } from '../statistics';
import { waitForItems } from './items';

const SIZES = [125, 500, 2000];
const AT_ONCE = 10;

/** The rows on the callbacks of executions that sleep for many videos each, in regular mode. */
export async function manyItemRows(stage: BenchStage): Promise<Row[]> {
	const rows: Row[] = [];
	for (const items of SIZES) rows.push(...(await measure(stage, items)));
	return rows;
}

async function measure(stage: BenchStage, items: number): Promise<Row[]> {
	const { emulator, log } = stage;
	resetEmulator(emulator);
	const { id, url } = await stage.deploy(waitForItems(stage, items));
	await fetch(url, { method: 'POST' });
	await log.untilCount(id, 'waiting', 1);
	const taskIds = emulator.tasks().map((task) => task.id);
	if (taskIds.length !== items) throw new Error(`${taskIds.length} videos were asked for`);
	const before = emulator.count({ route: 'getTask' });
	const startedAt = Date.now();
	await inParallel(taskIds, AT_ONCE, async (taskId) => {
		await emulator.complete(taskId);
	});
	const answeredAt = Date.now();
	await log.untilCount(id, 'success', 1);
	const reads = emulator.count({ route: 'getTask' });
	const times = emulator.tasks().flatMap(({ callbacks }) => callbacks.map((one) => one.durationMs));
	const rows: Array<[what: string, value: string]> = [
		[
			'time for a callback, from its sending to its answer',
			`median ${formatMilliseconds(median(times))}, 95th percentile ${formatMilliseconds(percentile(times, 0.95))}`,
		],
		['callbacks answered', `${((items * 1000) / (answeredAt - startedAt)).toFixed(1)} / s`],
		[
			'readings of tasks, the one before it slept included',
			`${(reads / items).toFixed(2)} a video, ${((reads - before) / items).toFixed(2)} of them since it slept`,
		],
	];
	const figure = `${items} items in one sleeping execution, ${AT_ONCE} callbacks at a time`;
	return rows.map(([what, value]) => ({ figure, what, value, n: items }));
}
