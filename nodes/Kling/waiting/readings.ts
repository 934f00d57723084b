import { ApiFailure } from '../api/failure';
import { isTransient } from '../api/retry';
import type { TaskReading } from '../api/schemas';
import { mapConcurrently } from '../n8n/async';
import { isFinished } from '../result/task';
import { READ_CONCURRENCY } from './poll';

/**
 * What this process knows of the tasks of sleeping executions. A task that is settled is never read
 * again, so that the readings stay linear in the tasks, whatever the order in which they finish.
 */

/** What one reading of a task gave. */
export type Outcome = TaskReading | ApiFailure;

/** Reads a task, once. */
export type ReadTask = (taskId: string) => Promise<Outcome>;

/** What is known of the tasks of one sleeping execution. */
export interface Readings {
	/** What became of tasks for good: they are finished, or can never be read. */
	settled?: Map<string, Outcome>;
	/** Tasks as they were when the time was over. */
	atTimeout?: Map<string, TaskReading>;
	/** Whether all that could be read when the time was over was read: nothing is gained by more. */
	isLastDone?: boolean;
	/** A task that was still under way when it was read: all others may wait for it. */
	open?: string;
	/** Until when this is worth keeping. */
	keptUntil: number;
	/** Readings under way, and the one after each, for those who came in the meantime. */
	underWay?: Map<string, { now: Promise<unknown>; next?: Promise<Outcome> }>;
	/** The end of the last {@link settleAll}. */
	turn?: Promise<unknown>;
}

/** Thousands of executions may sleep, so nothing is made before it is needed. */
const byExecution = new Map<string, Readings>();

/** How many executions are known before those whose time is long over are looked for. */
const MANY = 500;

/** What this process knows of an execution's tasks. */
export function readingsOf(executionId: string, keptUntil: number): Readings {
	const known = byExecution.get(executionId);
	if (known !== undefined) {
		known.keptUntil = Math.max(known.keptUntil, keptUntil);
		return known;
	}
	if (byExecution.size >= MANY) forgetOld(Date.now());
	const readings: Readings = { keptUntil };
	byExecution.set(executionId, readings);
	return readings;
}

function forgetOld(now: number): void {
	for (const [executionId, { keptUntil }] of byExecution) {
		if (keptUntil < now) byExecution.delete(executionId);
	}
}

/** Forgets an execution that sleeps no more. */
export function forgetReadings(executionId: string): void {
	byExecution.delete(executionId);
}

/**
 * Whether a task that could not be read never will be: the API itself says so. What a proxy answers
 * in between may be another thing tomorrow.
 */
export function isHopeless({ detail }: ApiFailure): boolean {
	return !isTransient(detail) && detail.code !== null && detail.status !== 429;
}

/** Whether nothing can happen to a task any more. */
export function isSettled(outcome: Outcome): boolean {
	return outcome instanceof ApiFailure ? isHopeless(outcome) : isFinished(outcome.task);
}

/**
 * One task as it is now, or as it was settled. Callbacks that arrive together share a reading, but
 * never one that began before they came: it may have been answered before the task finished.
 */
export async function readOne(
	readings: Readings,
	taskId: string,
	read: ReadTask,
): Promise<Outcome> {
	const running = readings.underWay?.get(taskId);
	if (running === undefined) return await begin(readings, taskId, read);
	running.next ??= running.now.then(async () => await begin(readings, taskId, read));
	return await running.next;
}

async function begin(readings: Readings, taskId: string, read: ReadTask): Promise<Outcome> {
	const settled = readings.settled?.get(taskId);
	if (settled !== undefined) return settled;
	const reading = read(taskId);
	const entry = { now: reading.catch(() => undefined) };
	const underWay = (readings.underWay ??= new Map());
	underWay.set(taskId, entry);
	try {
		const outcome = await reading;
		if (isSettled(outcome)) (readings.settled ??= new Map()).set(taskId, outcome);
		if (readings.open === taskId || readings.open === undefined) {
			readings.open = isSettled(outcome) ? undefined : taskId;
		}
		return outcome;
	} finally {
		if (underWay.get(taskId) === entry) underWay.delete(taskId);
		if (underWay.size === 0) readings.underWay = undefined;
	}
}

/** The tasks that are not settled, in the order given. */
export function unsettled(readings: Readings, taskIds: readonly string[]): string[] {
	return taskIds.filter((taskId) => readings.settled?.has(taskId) !== true);
}

/**
 * Settles what can be settled, until a task is found that is still under way, or that cannot be read
 * just now. That one is read first the next time, so looking again and again costs one reading. The
 * last tasks are read first otherwise: they were created last. Only behind a task that is finished are
 * several read at once, so that few are read in vain.
 *
 * @returns `settled` when all are, `open` when one is under way, or why one could not be read
 */
export async function settleAll(
	readings: Readings,
	taskIds: readonly string[],
	read: ReadTask,
): Promise<'settled' | 'open' | ApiFailure> {
	const before = readings.turn ?? Promise.resolve();
	const run = before.then(async () => await settleInTurn(readings, taskIds, read));
	const turn = run.catch(() => undefined);
	readings.turn = turn;
	await turn;
	if (readings.turn === turn) readings.turn = undefined;
	return await run;
}

async function settleInTurn(
	readings: Readings,
	taskIds: readonly string[],
	read: ReadTask,
): Promise<'settled' | 'open' | ApiFailure> {
	for (let atOnce = 1; ; atOnce = READ_CONCURRENCY) {
		const left = unsettled(readings, taskIds);
		if (left.length === 0) return 'settled';
		const { open } = readings;
		const batch =
			open !== undefined && left.includes(open) ? [open] : left.slice(-atOnce).reverse();
		const outcomes = await mapConcurrently(
			batch,
			READ_CONCURRENCY,
			async (taskId) => await readOne(readings, taskId, read),
		);
		const unfinished = outcomes.filter(
			(outcome): outcome is Outcome => outcome !== undefined && !isSettled(outcome),
		);
		if (unfinished.some((outcome) => !(outcome instanceof ApiFailure))) return 'open';
		const [failure] = unfinished;
		if (failure instanceof ApiFailure) return failure;
	}
}
