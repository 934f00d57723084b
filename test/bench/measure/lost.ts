import { callOften } from '../../harness/queue/stage';
import { formatMilliseconds, formatSeconds, type Row } from '../report';
import { lastEnd, startOf } from '../executions';
import { resetEmulator, type BenchStage, type Deployed } from '../stages';
import { median } from '../statistics';
import { AFTER, WAY_NAMES, workflowFor } from '../workflows';
import { sinceCompletion } from './resumption';

const VIDEOS = 50;
const LIMIT_MINUTES = 3;

/** The rows on callbacks of which every other one is lost, in regular mode. */
export async function lostRows(stage: BenchStage, lengthSeconds: number): Promise<Row[]> {
	resetEmulator(stage.emulator);
	stage.emulator.setPace(lengthSeconds * 1000);
	const own = await stage.deploy(workflowFor('callback', stage, 'lost-callback'));
	const bare = await stage.deploy(
		workflowFor('bareCallback', stage, 'lost-bare', {
			limitWaitTime: true,
			limitType: 'afterTimeInterval',
			resumeAmount: LIMIT_MINUTES,
			resumeUnit: 'minutes',
		}),
	);
	const rows = [await measureOwn(stage, own), await measureBare(stage, bare)];
	return rows.map(([what, value]) => ({
		figure: `half of ${VIDEOS} callbacks lost, generations of ${lengthSeconds} s: all through`,
		what,
		value,
		n: VIDEOS,
	}));
}

const halfLost = (name: string) => (index: number) => ({
	prompt: `${name} ${index}${index % 2 === 0 ? '' : ' [callback:lost]'}`,
});

async function measureOwn(stage: BenchStage, own: Deployed): Promise<[string, string]> {
	const startedAt = Date.now();
	await callOften(own.url, VIDEOS, halfLost('Own'));
	await stage.log.untilCount(own.id, 'success', VIDEOS);
	const seconds = (lastEnd(await stage.log.all(own.id)) - startedAt) / 1000;
	const late = await sinceCompletion(stage, own);
	return [
		WAY_NAMES.callback,
		`${formatSeconds(seconds)}; ready → next node: median ${formatMilliseconds(median(late))}, at most ${formatMilliseconds(Math.max(...late))}`,
	];
}

async function measureBare(stage: BenchStage, bare: Deployed): Promise<[string, string]> {
	const { n8n, log } = stage;
	const startedAt = Date.now();
	await callOften(bare.url, VIDEOS, halfLost('Bare'));
	await log.untilCount(bare.id, 'success', VIDEOS);
	const called = (await log.allInFull(bare.id)).filter(
		(execution) => n8n.api.outputOf(execution, 'Wait')[0]?.json.body !== undefined,
	);
	const lastCalled = Math.max(...called.map((execution) => startOf(execution, AFTER)));
	const seconds = (lastEnd(await log.all(bare.id)) - startedAt) / 1000;
	return [
		`n8n’s own Wait node, limited to ${LIMIT_MINUTES} minutes`,
		`${called.length} in ${formatSeconds((lastCalled - startedAt) / 1000)}; the other ${VIDEOS - called.length} without a video, ${formatSeconds(seconds)}`,
	];
}
