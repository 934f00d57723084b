import type { IExecuteFunctions, Logger } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { type ApiClient, openLastingClient } from '../api/client';
import { ApiFailure, failureAsValue } from '../api/failure';
import { type Due, mapConcurrently, openLimit, openRounds, within } from '../n8n/async';
import { type HttpRequest, postToSelf } from '../n8n/ownAddress';
import { READ_CONCURRENCY } from './poll';
import type { Readings, ReadTask } from './readings';
import { forgetReadings, isSettled, readingsOf, readOne, settleAll, unsettled } from './readings';
import { gapBeforeLook, gapBeforeTry, LAST_READING_MS } from './schedule';

/**
 * Looks at the tasks of the executions that this process has suspended, and wakes an execution
 * through its own resume URL once all of them are finished, or its time is over. So a callback that
 * never arrives costs one look, not the timeout.
 *
 * One loop serves all of them. Each costs some hundred bytes: nothing of an execution's context is
 * held, except by the one client of each account. All this ends with the process; then the callback
 * and n8n's own timer remain.
 */

/** How many executions are looked at, at once. */
const LOOKS_AT_ONCE = 20;

/** How long after its timeout an execution that cannot be woken is given up. */
const GIVE_UP_AFTER_MS = 600_000;

/** How often an execution that n8n calls running is tried to be woken: for some two minutes. */
const TRIES_WHILE_RUNNING = 8;

/** An account at the API, for all the executions that sleep for its tasks. */
interface Account {
	identity: string;
	read: ReadTask;
	httpRequest: HttpRequest;
	logger: Logger;
	/** How many executions sleep for tasks of this account. */
	sleeping: number;
}

interface Sleeper extends Due {
	executionId: string;
	resumeUrl: string;
	/** At least one. */
	taskIds: readonly string[];
	account: Account;
	/** The accounts of tasks that belong to another one. */
	others: ReadonlyMap<string, Account> | undefined;
	timeoutAt: number;
	looks: number;
	/** Passing faults since the last look that went well. */
	faults: number;
}

const sleepers = new Map<string, Sleeper>();
const accounts = new Map<string, Account>();

/** A task that an execution sleeps for. */
export interface WatchedTask {
	taskId: string;
	itemIndex: number;
	client: ApiClient;
}

export interface Wait {
	executionId: string;
	resumeUrl: string;
	tasks: readonly WatchedTask[];
	/** When the time is over, in milliseconds since 1970. */
	timeoutAt: number;
}

/** Looks at the tasks of an execution that is about to be suspended, from a few seconds on. */
export async function watch(
	context: IExecuteFunctions,
	{ executionId, resumeUrl, tasks, timeoutAt }: Wait,
): Promise<void> {
	const byTask = new Map<string, Account>();
	for (const task of tasks) {
		if (!byTask.has(task.taskId)) byTask.set(task.taskId, await accountOf(context, task));
	}
	const [account] = byTask.values();
	if (account === undefined) return;
	forget(executionId);
	const isShared = [...byTask.values()].every((other) => other === account);
	for (const one of new Set(byTask.values())) {
		one.sleeping += 1;
		accounts.set(one.identity, one);
	}
	sleepers.set(executionId, {
		executionId,
		resumeUrl,
		taskIds: [...byTask.keys()],
		account,
		others: isShared ? undefined : byTask,
		timeoutAt,
		nextAt: Math.min(Date.now() + gapBeforeLook(0, Math.random()), timeoutAt),
		looks: 0,
		faults: 0,
		isBusy: false,
	});
	lookOnAndOn();
}

/** Looks no more at the tasks of an execution, and forgets what was read. */
export function forget(executionId: string): void {
	const sleeper = sleepers.get(executionId);
	forgetReadings(executionId);
	if (sleeper === undefined) return;
	sleepers.delete(executionId);
	for (const account of new Set([sleeper.account, ...(sleeper.others?.values() ?? [])])) {
		account.sleeping -= 1;
		if (account.sleeping === 0) accounts.delete(account.identity);
	}
}

/** Looks at nothing any more. */
export function forgetAll(): void {
	for (const executionId of [...sleepers.keys()]) forget(executionId);
}

/**
 * How this process reads the tasks of an execution that it has suspended, with credentials that n8n
 * may not be able to resolve any more; null for any other execution.
 */
export function readerOf(executionId: string): ReadTask | null {
	const sleeper = sleepers.get(executionId);
	return sleeper === undefined ? null : async (taskId) => await read(sleeper, taskId);
}

async function accountOf(
	context: IExecuteFunctions,
	{ client: { identity }, itemIndex }: WatchedTask,
): Promise<Account> {
	const known = accounts.get(identity);
	if (known !== undefined) return known;
	const client = await openLastingClient(context, itemIndex, { maxAttempts: 1 });
	const limit = openLimit(READ_CONCURRENCY);
	const account: Account = {
		identity,
		read: async (taskId) => await limit(async () => await failureAsValue(client.getTask(taskId))),
		httpRequest: context.helpers.httpRequest,
		logger: context.logger,
		sleeping: 0,
	};
	accounts.set(identity, account);
	return account;
}

async function read({ account, others }: Sleeper, taskId: string) {
	return await (others?.get(taskId) ?? account).read(taskId);
}

const lookOnAndOn = openRounds(sleepers, LOOKS_AT_ONCE, async (sleeper) => {
	await look(sleeper).catch(() => again(sleeper, null));
});

async function look(sleeper: Sleeper): Promise<void> {
	const { executionId, timeoutAt, taskIds } = sleeper;
	if (Date.now() > timeoutAt + GIVE_UP_AFTER_MS) return forget(executionId);
	const readings = readingsOf(executionId, timeoutAt + GIVE_UP_AFTER_MS);
	const readTask: ReadTask = async (taskId) => await read(sleeper, taskId);
	if (Date.now() >= timeoutAt) {
		await within(LAST_READING_MS, readLast(readings, taskIds, readTask), null);
		readings.isLastDone = true;
	} else {
		const outcome = await settleAll(readings, taskIds, readTask);
		if (outcome instanceof ApiFailure) return again(sleeper, outcome.detail.retryAfterMs);
		if (outcome === 'open') return later(sleeper);
	}
	// A callback may have woken it while its tasks were read.
	if (sleepers.get(executionId) === sleeper) await wake(sleeper);
}

/**
 * Reads the tasks that are still open when the time is over, each as often as it takes.
 *
 * @param readings gets the tasks that are not finished in `atTimeout`
 */
export async function readLast(
	readings: Readings,
	taskIds: readonly string[],
	readTask: ReadTask,
): Promise<void> {
	const endAt = Date.now() + LAST_READING_MS;
	const atTimeout = (readings.atTimeout ??= new Map());
	await mapConcurrently(unsettled(readings, taskIds), READ_CONCURRENCY, async (taskId) => {
		for (let faults = 1; Date.now() < endAt; faults++) {
			const outcome = await readOne(readings, taskId, readTask);
			if (isSettled(outcome)) return;
			if (!(outcome instanceof ApiFailure)) {
				atTimeout.set(taskId, outcome);
				return;
			}
			const gap = gapBeforeTry(faults, Math.random(), outcome.detail.retryAfterMs);
			if (Date.now() + gap >= endAt) return;
			await sleep(gap);
		}
	});
}

function later(sleeper: Sleeper): void {
	sleeper.looks += 1;
	sleeper.faults = 0;
	const gap = gapBeforeLook(sleeper.looks, Math.random());
	sleeper.nextAt = Math.min(Date.now() + gap, sleeper.timeoutAt);
}

function again(sleeper: Sleeper, retryAfterMs: number | null): void {
	sleeper.faults += 1;
	const now = Date.now();
	const next = now + gapBeforeTry(sleeper.faults, Math.random(), retryAfterMs);
	sleeper.nextAt = now < sleeper.timeoutAt ? Math.min(next, sleeper.timeoutAt) : next;
}

async function wake(sleeper: Sleeper): Promise<void> {
	const { executionId, resumeUrl, account, taskIds } = sleeper;
	// What it says of the task is not believed, like that of any callback.
	const body = JSON.stringify({ id: taskIds[0], status: 'finished' });
	const answer = await postToSelf(account.httpRequest, resumeUrl, body);
	if (sleepers.get(executionId) !== sleeper) return;
	if (answer === null) {
		if (sleeper.faults === 0) account.logger.warn(cannotWake(executionId));
		return again(sleeper, null);
	}
	const { status, state, isRunning, retryAfterMs } = answer;
	const mayBeStillRunning = isRunning && sleeper.faults < TRIES_WHILE_RUNNING;
	if (status >= 500 || status === 429 || mayBeStillRunning) return again(sleeper, retryAfterMs);
	if (status === 200 && state !== 'resumed') return again(sleeper, null);
	forget(executionId);
}

function cannotWake(executionId: string): string {
	return `Execution ${executionId} is to go on, but n8n cannot reach itself at its own address to wake it. Check that the address in WEBHOOK_URL can be reached from the machine that n8n runs on. Until then only a callback of the API wakes it, or its timeout.`;
}
