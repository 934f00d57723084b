import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { Failure } from '../api/failure';
import { isFinished, toTaskReading } from '../api/schemas';
import { type ReadTask, Task } from '../api/task';
import { findDue, runWhenDue } from '../n8n/dueWork';
import type { OwnAnswer } from '../n8n/ownAddress';
import { lastLook, look, openOf } from './look';
import { lastingClient, OwnCall } from './ownCall';
import type { WaitingItems } from './settings';
import { itemsOf, type StoredWait } from './stored';

/**
 * What this process knows of an execution that sleeps. The process that suspended it looks at its tasks
 * and wakes it through its own resume address, so a lost callback costs one look, not the timeout. Any
 * other makes the object anew from what is stored, and only remembers what it has read.
 */

/** Before the first look: a callback that comes before n8n has stored the execution is lost (n8n: 409). */
const FIRST_LOOK_MS = 7_000;

/** After that n8n has gone on with a resumed execution, where it keeps no queue, or its database has refused to. */
const GONE_ON_AFTER_MS = 30_000;

/** How long after its timeout an execution that cannot be woken is given up. */
const GIVE_UP_AFTER_MS = 600_000;

export class Sleeper extends OwnCall {
	private isLastLookDone = false;

	/** Whether its resume was handed to n8n, which may have lost it: then it is called once more. */
	private isHandedOver = false;

	constructor(
		executionId: string,
		readonly runIndex: number,
		tasks: readonly Task[],
		readonly timeoutAt: number,
		resumeAddress: string | null,
	) {
		const dueAt = Math.min(Date.now() + FIRST_LOOK_MS, timeoutAt);
		const endsAt = timeoutAt + GIVE_UP_AFTER_MS;
		// What is over may be stored without its task, and then no other process knows that.
		const taskId = openOf(tasks)[0]?.id ?? '';
		const accounts = new Set(tasks.flatMap(({ client }) => client?.account ?? []));
		const lane = [...accounts].sort().join() || executionId;
		super(executionId, resumeAddress, lane, taskId, dueAt, endsAt, tasks);
	}

	get isOverdue(): boolean {
		return Date.now() >= this.timeoutAt;
	}

	override async run(): Promise<number | null> {
		// While it is resumed, or in a queue of n8n's, it is only remembered.
		if (this.isDone && !this.isHandedOver) return Infinity;
		this.isDone = false;
		const next = await super.run();
		if (this.isDone) return Infinity;
		if (next === Infinity && this.isHandedOver) return null;
		return next === null || this.isOverdue ? next : Math.min(next, this.timeoutAt);
	}

	async lookForTheLastTime(read?: ReadTask): Promise<void> {
		if (this.isLastLookDone) return;
		await lastLook(this.tasks, this.timeoutAt, read);
		this.isLastLookDone = true;
	}

	protected override async look(): Promise<Task | null> {
		if (!this.isOverdue) return await look(this.tasks, { withinMs: this.timeoutAt - Date.now() });
		await this.lookForTheLastTime();
		return null;
	}

	/** It is called until n8n says that it has gone on: who wakes it may be killed, or n8n's database refuse. */
	protected override after(answer: OwnAnswer | null): number | null {
		// n8n says that it runs, or cannot be asked.
		if (this.isHandedOver && (answer?.state ?? null) === null) return null;
		const isOnItsWay = answer?.state === 'resumed' || answer?.state === 'resuming';
		return isOnItsWay ? this.later() : super.after(answer);
	}

	protected get unheard(): string | null {
		if (this.isHandedOver) return null;
		return `Execution ${this.key} is to go on, but n8n cannot reach itself at its own address to wake it. Check that the address in WEBHOOK_URL can be reached from the machine that n8n runs on. Until then only a callback of the API wakes it, or its timeout.`;
	}

	/** Nothing looks at it any more, and other calls are refused; it is kept, however long files take. */
	beginResume(): void {
		this.isDone = true;
		this.isHandedOver = false;
		this.endsAt = Infinity;
	}

	/**
	 * It is still remembered, so that a second call is answered “resuming”. A second resume in a queue of n8n's
	 * would run, and pay, all behind it again.
	 *
	 * @param isUnderWay whether n8n goes on with the execution; else it sleeps on, for the next call
	 * @param mayQueue whether n8n may keep it in a queue, and call it asleep, until its turn comes
	 */
	endResume(isUnderWay: boolean, mayQueue: boolean): void {
		const now = Date.now();
		this.isDone = isUnderWay;
		this.isHandedOver = isUnderWay && !mayQueue;
		this.endsAt = Math.max(this.timeoutAt, now) + GIVE_UP_AFTER_MS;
		this.dueAt = now + (isUnderWay ? GONE_ON_AFTER_MS : FIRST_LOOK_MS);
		if (isUnderWay && mayQueue) this.tasks = [];
		if (findDue(this.key) === undefined) runWhenDue(this);
	}

	givenUp(): void {
		if (this.isDone) return;
		this.host?.logger.warn(
			`Execution ${this.key} could not be woken after its time was over. Its tasks: ${this.tasks.map(({ id }) => id).join(', ')}`,
		);
	}
}

/** Looks at the tasks of an execution that is about to be suspended, from a few seconds on. */
export async function fallAsleep(
	context: IExecuteFunctions,
	{ executionId, runIndex, timeoutAt }: StoredWait,
	items: WaitingItems,
	resumeAddress: string | null,
): Promise<void> {
	const tasks = new Map<string, Task>();
	let last: ApiClient | null = null;
	for (const [itemIndex, item] of items.entries()) {
		if (item instanceof Failure || tasks.has(item.task.id)) continue;
		const { id, client, createdAt, isOver } = item.task;
		// What was read of one that was over before is stored with the execution.
		const isEnded = isOver || client === null;
		if (!isEnded && last?.account !== client.account) {
			last = await lastingClient(context, itemIndex, client);
		}
		tasks.set(id, Object.assign(new Task(id, isEnded ? null : last, createdAt), { isEnded }));
	}
	runWhenDue(new Sleeper(executionId, runIndex, [...tasks.values()], timeoutAt, resumeAddress));
}

/** What this process knows of a sleeping execution, made anew where it knows nothing of this very wait. */
export function sleeperOf(wait: StoredWait): Sleeper {
	const { executionId, runIndex, timeoutAt } = wait;
	const known = findDue(executionId);
	const isThisWait =
		known instanceof Sleeper && known.runIndex === runIndex && known.timeoutAt === timeoutAt;
	if (isThisWait) return known;
	const tasks = new Map<string, Task>();
	for (const item of itemsOf(wait)) {
		if (!('taskId' in item) || tasks.has(item.taskId)) continue;
		const reading = toTaskReading(item.known);
		const isEnded = reading !== null && isFinished(reading.task);
		const task = new Task(item.taskId, null, item.createdAt);
		tasks.set(item.taskId, Object.assign(task, { isEnded }));
	}
	const sleeper = new Sleeper(executionId, runIndex, [...tasks.values()], timeoutAt, null);
	runWhenDue(sleeper);
	return sleeper;
}
