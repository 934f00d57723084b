import { z } from 'zod';

import type { ApiClient } from '../api/client';
import { isFinished, jsonObjectSchema, toTaskReading } from '../api/schemas';
import { summarySchema, Task } from '../api/task';
import { findDue, runWhenDue } from '../n8n/dueWork';
import type { OwnAnswer } from '../n8n/ownAddress';
import { lastLook, look, READ_CONCURRENCY } from './look';
import { OwnCall } from './ownCall';

/** In the node's context: all that a resume needs, since the node is not run again (n8n: `webhook()` gives its output). */
export const CONTEXT_KEY = 'klingSuspended';

const itemSchema = z.union([
	/** An item that waits for nothing: it comes out as it is. */
	z.object({ settled: jsonObjectSchema }),
	z.object({
		/** Which of the sleeper's tasks it waits for: two accounts may be asked for one id. */
		task: z.number(),
		taskId: z.string(),
		/** When it was created; null where that is unknown. */
		createdAt: z.number().nullable(),
		request: summarySchema.nullable(),
		simplify: z.boolean(),
		downloadField: z.string().nullable(),
		/** The API's own object as it was read before the wait. */
		known: jsonObjectSchema.optional(),
	}),
]);

export type StoredItem = z.infer<typeof itemSchema>;

/** All times are in milliseconds since 1970. */
const headSchema = z.object({
	executionId: z.string(),
	runIndex: z.number(),
	timeoutAt: z.number(),
	/** When n8n's own timer ends the wait. */
	n8nTimerAt: z.number(),
	/** Not read before they are needed: there may be thousands. */
	items: z.array(z.unknown()),
});

export type StoredWait = z.infer<typeof headSchema>;

const contextSchema = z.object({ [CONTEXT_KEY]: headSchema });

/** The wait in a node's context; null when there is none. */
export function parseStored(nodeContext: unknown): StoredWait | null {
	return contextSchema.safeParse(nodeContext).data?.[CONTEXT_KEY] ?? null;
}

/** The items of a stored wait, in the order of the node's input. */
export function itemsOf({ items }: StoredWait): StoredItem[] {
	return z.array(itemSchema).parse(items);
}

/** Before the first look: a callback that comes before n8n has stored the execution is lost (n8n: 409). */
const FIRST_LOOK_MS = 7_000;

/** By then n8n has continued a resumed execution, unless it queues or its database failed. */
const GONE_ON_AFTER_MS = 30_000;

/** How long after its timeout an execution that cannot be woken is given up. */
const GIVE_UP_AFTER_MS = 600_000;

/**
 * What this process knows of an execution that sleeps. The process that suspended it looks at its tasks, and
 * wakes it through its own resume address; any other only remembers what it has read.
 */
export class Sleeper extends OwnCall {
	/** Whether n8n has its resume, without a queue: then it is forgotten soon, and a later call finds it anew. */
	private isHandedOver = false;

	/** How many calls are reading its tasks. */
	calls = 0;

	constructor(
		executionId: string,
		readonly runIndex: number,
		tasks: readonly Task[],
		readonly timeoutAt: number,
		resumeAddress: string | null,
	) {
		const dueAt = Math.min(Date.now() + FIRST_LOOK_MS, timeoutAt);
		const endsAt = timeoutAt + GIVE_UP_AFTER_MS;
		super(executionId, resumeAddress, tasks[0]?.id ?? '', dueAt, endsAt, tasks);
	}

	get isOverdue(): boolean {
		return Date.now() >= this.timeoutAt;
	}

	/** Where this process looks itself, further calls are answered at once: n8n holds megabytes for each until then. */
	get isCrowded(): boolean {
		return this.calls >= READ_CONCURRENCY && this.host !== null && !this.isOverdue;
	}

	override async run(): Promise<number | null> {
		// While it is resumed, or in a queue of n8n's, it is only remembered.
		if (this.isDone) return this.isHandedOver ? null : Infinity;
		const next = await super.run();
		if (this.isDone) return Infinity;
		return next === null || this.isOverdue ? next : Math.min(next, this.timeoutAt);
	}

	protected override async look(): Promise<Task | null> {
		if (!this.isOverdue) return await look(this.tasks, { withinMs: this.timeoutAt - Date.now() });
		await lastLook(this.tasks, this.timeoutAt);
		return null;
	}

	/** It is called until it has gone on: another process that wakes it may be killed, or n8n's database refuse. */
	protected override after(answer: OwnAnswer | null): number | null {
		const isOnItsWay = answer?.state === 'resumed' || answer?.state === 'resuming';
		return isOnItsWay ? this.later() : super.after(answer);
	}

	protected get unheard(): string {
		return `Execution ${this.key} is to go on, but n8n cannot reach itself at its own address to wake it. Check that the address in WEBHOOK_URL can be reached from the machine that n8n runs on. Until then only a callback of the API wakes it, or its timeout.`;
	}

	/** From now on nothing looks at it, and other calls are refused, however long files take. */
	beginResume(): void {
		this.isDone = true;
		this.isHandedOver = false;
		this.endsAt = Infinity;
	}

	/**
	 * @param isUnderWay whether n8n goes on with the execution; else it sleeps on, for the next call
	 * @param mayQueue whether n8n may keep it in a queue, and call it asleep, until its turn comes: a second
	 *   resume would run, and pay, all behind it again, so it is remembered as resuming
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

/** The sleeper of this wait, made where this process has none; only who suspends it has clients. */
export function sleeperOf(
	wait: StoredWait,
	clients: ReadonlyArray<ApiClient | null> = [],
	resumeAddress: string | null = null,
): Sleeper {
	const { executionId, runIndex, timeoutAt } = wait;
	const known = findDue(executionId);
	const isThisWait =
		known instanceof Sleeper && known.runIndex === runIndex && known.timeoutAt === timeoutAt;
	if (isThisWait) return known;
	const tasks: Task[] = [];
	for (const item of itemsOf(wait)) {
		if (!('taskId' in item)) continue;
		const task = new Task(item.taskId, clients[item.task] ?? null, item.createdAt);
		const reading = toTaskReading(item.known);
		task.isEnded = reading !== null && isFinished(reading.task);
		tasks[item.task] = task;
	}
	const sleeper = new Sleeper(executionId, runIndex, tasks, timeoutAt, resumeAddress);
	runWhenDue(sleeper);
	return sleeper;
}
