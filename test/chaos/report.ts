import type { EmulatedTask } from '../emulator';
import { formatSeconds } from '../bench/report';
import { percentile } from '../bench/statistics';
import { numberOf } from './plan';
import { isForged, type CameOut, type StormResult } from './storm';

/** What a chaos run found, to be shown and to be judged. */
export interface ChaosReport {
	mode: string;
	videos: number;
	sent: number;
	lost: number;
	repeated: number;
	forged: number;
	reads: number;
	faults: number;
	/** Videos that ended and came out as what they were, and those whose wait was truly over before. */
	ready: number;
	/** From ready to output, in seconds, in ascending order. */
	delays: number[];
	/**
	 * Waits that n8n's own timer ended, with the task's id: their callback was lost, and the process
	 * that looked after them was killed.
	 */
	byTimer: number;
	/** Executions that n8n had in hand when it was killed, and gives up itself. */
	inHand: number;
	/** Videos for a trigger whose every callback was lost: nobody waits for them. */
	unheard: number;
	/** What must not be: one line each. */
	faultsFound: string[];
}

export function reportOn(mode: string, result: StormResult): ChaosReport {
	const { tasks, cameOut, plan } = result;
	const faultsFound: string[] = [];
	const wrong = (line: string) => faultsFound.push(line);

	const byNumber = new Map(tasks.map((task) => [numberOf(task.prompt), task]));
	if (tasks.length !== byNumber.size)
		wrong(`${tasks.length - byNumber.size} videos were paid twice`);
	for (const { number } of plan.videos) {
		if (!byNumber.has(number)) wrong(`No ${number} was never created`);
	}
	const inHand = result.ended.filter(({ status }) => status === 'crashed').length;
	for (const { id, status } of result.ended) {
		if (status !== 'crashed') wrong(`execution ${id} ended as ${status}`);
	}

	const outByTask = new Map<string, CameOut[]>();
	for (const out of cameOut) {
		const taskId = String(out.json.taskId);
		outByTask.set(taskId, [...(outByTask.get(taskId) ?? []), out]);
		const task = tasks.find(({ id }) => id === taskId);
		if (isForged(out)) wrong(`${taskId} came out with a forged address`);
		if (task === undefined) wrong(`${taskId} came out and was never created`);
		else if (!Number.isNaN(out.number) && numberOf(task.prompt) !== out.number) {
			wrong(`${taskId} came out with the item of No ${out.number}`);
		}
	}

	const delays: number[] = [];
	let byTimer = 0;
	let missing = 0;
	let unheard = 0;
	for (const task of tasks) {
		const way = plan.videos[numberOf(task.prompt)]?.way;
		const outs = outByTask.get(task.id) ?? [];
		const [out] = outs;
		if (outs.length > 1) wrong(`${task.id} came out ${outs.length} times`);
		if (out === undefined) {
			if (way === 'trigger' && !wasHeard(task, result)) unheard += 1;
			else if (way !== 'batch' && missing < inHand) missing += 1;
			else wrong(`${task.id} (${String(way)}) did not come out`);
			continue;
		}
		const status = String(out.json.status);
		if (out.json.timedOut === true) {
			byTimer += 1;
			if (task.createdAt > result.downUntil) wrong(`${task.id} timed out and nothing was killed`);
			continue;
		}
		if (status !== task.status) wrong(`${task.id} is ${task.status} and came out as ${status}`);
		if (task.finishedAt === undefined || out.at < task.finishedAt) {
			wrong(`${task.id} came out before it was ready`);
		} else {
			delays.push((out.at - readyAt(task, way, tasks, plan)) / 1000);
		}
	}
	const callbacks = tasks.flatMap((task) => task.callbacks);
	const lost = plan.videos.filter(({ delivery }) => delivery === 'lost').length;
	return {
		mode,
		videos: tasks.length,
		sent: callbacks.length - result.forged,
		lost: lost + callbacks.filter(({ status }) => status === null).length,
		repeated: plan.videos.filter(({ delivery }) => delivery === 'twice').length,
		forged: result.forged,
		reads: result.reads,
		faults: result.faults,
		ready: delays.length,
		delays: delays.sort((one, other) => one - other),
		byTimer,
		inHand,
		unheard,
		faultsFound,
	};
}

/** When a video could come out: the items of one run come out together. */
function readyAt(
	task: EmulatedTask,
	way: string | undefined,
	tasks: readonly EmulatedTask[],
	plan: StormResult['plan'],
): number {
	if (way !== 'batch') return task.finishedAt ?? Number.NaN;
	const batch = tasks.filter(({ prompt }) => plan.videos[numberOf(prompt)]?.way === 'batch');
	return Math.max(...batch.map(({ finishedAt }) => finishedAt ?? 0));
}

/**
 * Whether a callback of a finished task was heard by a process that lived on. While n8n is killed and
 * started, its own 503 and an answer in its last moments say nothing.
 */
function wasHeard({ finishedAt, callbacks }: EmulatedTask, result: StormResult): boolean {
	return callbacks.some(({ status, at, durationMs }) => {
		if (finishedAt === undefined || at < finishedAt) return false;
		if (at > result.downUntil) return status === 200 || status === 503;
		return status === 200 && at + durationMs < result.downFrom;
	});
}

const FIGURES: Array<[name: string, of: (report: ChaosReport) => string | number]> = [
	['videos, each paid once', ({ videos }) => videos],
	['callbacks sent', ({ sent }) => sent],
	['of these came twice', ({ repeated }) => repeated],
	['callbacks lost, those while n8n was down included', ({ lost }) => lost],
	['callbacks forged', ({ forged }) => forged],
	['reads of tasks', ({ reads }) => reads],
	['of these failed', ({ faults }) => faults],
	['came out with the result, each once', ({ ready }) => ready],
	['from ready to output, median', ({ delays }) => formatSeconds(percentile(delays, 0.5))],
	['95 % within', ({ delays }) => formatSeconds(percentile(delays, 0.95))],
	['worst', ({ delays }) => formatSeconds(percentile(delays, 1))],
	['came out at the timeout: callback lost and the process killed', ({ byTimer }) => byTimer],
	['in hand when n8n was killed', ({ inHand }) => inHand],
	['for a trigger, whose every callback was lost', ({ unheard }) => unheard],
	['came out wrongly, twice, unverified or not at all', ({ faultsFound }) => faultsFound.length],
];

/** One column for each mode. */
export function toChaosTable(reports: readonly ChaosReport[]): string {
	const line = (cells: ReadonlyArray<string | number>) => `| ${cells.join(' | ')} |`;
	return [
		line(['', ...reports.map(({ mode }) => `${mode} mode`)]),
		line(['---', ...reports.map(() => '---')]),
		...FIGURES.map(([name, of]) => line([name, ...reports.map(of)])),
	].join('\n');
}
