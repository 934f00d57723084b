import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { Failure } from '../api/failure';
import { isFinished, toTaskReading } from '../api/schemas';
import { type ReadTask, Task } from '../api/task';
import { everythingDue, runWhenDue, takeOff } from '../n8n/dueWork';
import { noteInstance, type OwnAnswer } from '../n8n/ownAddress';
import { lastLook, look, openOf } from './look';
import { type Host, lastingClient, OwnCall } from './ownCall';
import type { WaitingItems } from './settings';
import { itemsOf, type StoredWait } from './stored';

/**
 * What this process knows of an execution that sleeps. The process that suspended it looks at its tasks
 * and wakes it through its own resume address, so a lost callback costs one look, not the timeout. Any
 * other makes the object anew from what is stored, and only remembers what it has read.
 */

/**
 * The first look. It also finds what finished between the last reading and the moment at which n8n
 * had stored the execution: the callback that came in between is lost (n8n: 409).
 */
const FIRST_LOOK_MS = 7_000;

/** How long after its resume an execution that still sleeps was dropped, where n8n keeps no queue. */
const DROPPED_AFTER_MS = 30_000;

/** How long after its timeout an execution that cannot be woken is given up. */
const GIVE_UP_AFTER_MS = 600_000;

export class Sleeper extends OwnCall {
	private isLastLookDone = false;

	/** When its resume was handed to n8n, in milliseconds since 1970. */
	private handedOverAt = Infinity;

	constructor(
		readonly executionId: string,
		readonly runIndex: number,
		public override tasks: readonly Task[],
		readonly timeoutAt: number,
		resumeAddress: string | null,
	) {
		const endsAt = timeoutAt + GIVE_UP_AFTER_MS;
		const dueAt = resumeAddress === null ? endsAt : Math.min(Date.now() + FIRST_LOOK_MS, timeoutAt);
		// What is over may be stored without its task, and then no other process knows that.
		super(resumeAddress, openOf(tasks)[0]?.id ?? '', dueAt, endsAt, laneOf(tasks, executionId));
	}

	protected get host(): Host | null {
		return this.tasks.find(({ client }) => client !== null)?.client?.host ?? null;
	}

	/** Whether it is being resumed, or was: n8n may take long to go on, and calls it suspended until then. */
	get isResuming(): boolean {
		return this.isDone;
	}

	/** Whether n8n, which has had time to, did not go on with it: its database may have refused to. */
	get wasDropped(): boolean {
		return Date.now() - this.handedOverAt > DROPPED_AFTER_MS;
	}

	get isOverdue(): boolean {
		return Date.now() >= this.timeoutAt;
	}

	override async run(): Promise<number | null> {
		const next = await super.run();
		// Its resume has begun meanwhile, and has set when it leaves the list (beginResume, endResume).
		if (this.isResuming) return this.dueAt;
		return next === null || this.isOverdue ? next : Math.min(next, this.timeoutAt);
	}

	async lookForTheLastTime(read?: ReadTask): Promise<void> {
		if (this.isLastLookDone) return;
		await lastLook(this.tasks, this.timeoutAt, read);
		this.isLastLookDone = true;
	}

	protected override async look(): Promise<Task | null> {
		if (this.isOverdue) {
			await this.lookForTheLastTime();
			return null;
		}
		const open = await look(this.tasks, { withinMs: this.timeoutAt - Date.now() });
		// What a task was like on its way is not worth the memory.
		for (const task of openOf(this.tasks)) task.reading = null;
		return open;
	}

	/**
	 * Another process that has begun to wake it may be killed, or n8n's database refuse it, and the execution
	 * sleeps on: it is called again until n8n says that it has gone on.
	 */
	protected override after(answer: OwnAnswer | null): number | null {
		const isOnItsWay = answer?.state === 'resumed' || answer?.state === 'resuming';
		return isOnItsWay ? this.later() : super.after(answer);
	}

	protected get unheard(): string {
		return `Execution ${this.executionId} is to go on, but n8n cannot reach itself at its own address to wake it. Check that the address in WEBHOOK_URL can be reached from the machine that n8n runs on. Until then only a callback of the API wakes it, or its timeout.`;
	}

	/** Called when its resume begins. Nothing looks at it any more; it is kept, however long files take. */
	beginResume(): void {
		this.isDone = true;
		this.dueAt = Infinity;
		this.endsAt = Infinity;
	}

	/**
	 * The wait is remembered to its end, without its tasks, so that a second call is still answered
	 * “resuming”: n8n may keep the execution in a queue, and call it asleep, until its turn comes. A second
	 * resume in that queue would run, and pay, all behind it again.
	 *
	 * @param isUnderWay whether n8n goes on with the execution; else it sleeps on, for the next call
	 */
	endResume(isUnderWay: boolean): void {
		this.isDone = isUnderWay;
		this.endsAt = Math.max(this.timeoutAt, Date.now()) + GIVE_UP_AFTER_MS;
		this.dueAt = isUnderWay ? this.endsAt : Date.now() + FIRST_LOOK_MS;
		if (isUnderWay) {
			this.tasks = [];
			this.handedOverAt = Date.now();
		}
		runWhenDue(this);
	}

	ended(isGivenUp: boolean): void {
		if (!isGivenUp || this.isDone) return;
		this.host?.logger.warn(
			`Execution ${this.executionId} could not be woken after its time was over. Its tasks: ${this.tasks.map(({ id }) => id).join(', ')}`,
		);
	}
}

/** Tasks of one account share their places with others of it; what is over needs none. */
function laneOf(tasks: readonly Task[], executionId: string): string {
	const accounts = new Set(tasks.flatMap(({ client }) => client?.account ?? []));
	return accounts.size === 0 ? executionId : [...accounts].sort().join();
}

function find(executionId: string): Sleeper | undefined {
	return everythingDue()
		.filter((due) => due instanceof Sleeper)
		.find((sleeper) => sleeper.executionId === executionId);
}

/** It takes the place of an earlier wait of the same execution. */
function remember(sleeper: Sleeper): Sleeper {
	const former = find(sleeper.executionId);
	if (former !== undefined) takeOff(former);
	runWhenDue(sleeper);
	return sleeper;
}

/** Looks at the tasks of an execution that is about to be suspended, from a few seconds on. */
export async function fallAsleep(
	context: IExecuteFunctions,
	{ executionId, runIndex, timeoutAt }: StoredWait,
	items: WaitingItems,
	resumeAddress: string | null,
): Promise<void> {
	noteInstance(context);
	const tasks = new Map<string, Task>();
	let last: ApiClient | undefined;
	for (const [itemIndex, item] of items.entries()) {
		if (item instanceof Failure || tasks.has(item.task.id)) continue;
		const { id, client, createdAt, isOver } = item.task;
		if (isOver || client === null) {
			tasks.set(id, endedTask(id));
			continue;
		}
		if (last?.account !== client.account) last = await lastingClient(context, itemIndex, client);
		tasks.set(id, new Task(id, last, createdAt));
	}
	remember(new Sleeper(executionId, runIndex, [...tasks.values()], timeoutAt, resumeAddress));
}

/** A task that was over before: what was read of it is stored with the execution. */
function endedTask(id: string): Task {
	const task = new Task(id, null);
	task.isEnded = true;
	return task;
}

/**
 * What this process knows of a sleeping execution, made anew where it knows nothing of this very wait.
 *
 * @param mayQueue whether n8n may keep a resumed execution in a queue, and call it asleep until its turn
 */
export function sleeperOf(wait: StoredWait, mayQueue: boolean): Sleeper {
	const { executionId, runIndex, timeoutAt } = wait;
	const known = find(executionId);
	const isThisWait = known?.runIndex === runIndex && known.timeoutAt === timeoutAt;
	if (isThisWait && (mayQueue || !known.wasDropped)) return known;
	const tasks = new Map<string, Task>();
	for (const item of itemsOf(wait)) {
		if (!('taskId' in item) || tasks.has(item.taskId)) continue;
		const reading = toTaskReading(item.known);
		const isEnded = reading !== null && isFinished(reading.task);
		const task = isEnded ? endedTask(item.taskId) : new Task(item.taskId, null, item.createdAt);
		tasks.set(item.taskId, task);
	}
	return remember(new Sleeper(executionId, runIndex, [...tasks.values()], timeoutAt, null));
}
