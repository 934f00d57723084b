import { z } from 'zod';

import type { ApiClient } from './client';
import { ApiFailure, type FailureDetail } from './failure';
import { isRefusedForGood } from './retry';
import { isFinished, type TaskReading } from './schemas';

/** What Create says of the request that a task was made for, as it is stored, too. */
export const summarySchema = z.object({
	estimatedCredits: z.number(),
	duration: z.number(),
	sound: z.boolean(),
	/** Which of the ways was used to report the task's end. */
	callback: z.string(),
	/** Null for none, and for `execution`: a resume address is a key to the execution. */
	callbackUrl: z.string().nullable(),
});

export type RequestSummary = z.infer<typeof summarySchema>;

/** How long the API may not know a task yet that it has just confirmed: it may read from a replica. */
const UNKNOWN_AT_FIRST_MS = 120_000;

/** Reads a task once, within the time that the look has. */
export type ReadTask = (task: Task, withinMs?: number) => Promise<TaskReading | ApiFailure>;

/** A task at the API, what was read of it last, and whether anything can happen to it any more. */
export class Task {
	/** The last reading that succeeded, and when that was, in milliseconds since 1970. */
	reading: TaskReading | null = null;
	readAt = 0;

	/** Of the last reading; null when it succeeded. */
	failure: ApiFailure | null = null;

	note: string | null = null;

	/** Finished, or the API itself does not know it. */
	isEnded = false;

	/**
	 * @param client speaks with the account that the task belongs to; null where that cannot be had
	 * @param createdAt in milliseconds since 1970; null where unknown, or (journal) not this execution
	 * @param request null where it came by its id alone
	 */
	constructor(
		readonly id: string,
		readonly client: ApiClient | null,
		readonly createdAt: number | null = null,
		readonly request: RequestSummary | null = null,
	) {}

	/** Whether its callback wakes the execution at hand: a task of an earlier one calls that. */
	get callsThisExecution(): boolean {
		return this.createdAt !== null && this.request?.callback === 'execution';
	}

	/**
	 * It is never read again: it has ended, or its key was never a right one. Whatever else goes wrong, such as
	 * the page of a proxy, may pass.
	 */
	get isOver(): boolean {
		if (this.isEnded || this.failure === null) return this.isEnded;
		const { detail } = this.failure;
		// Another task may be read with the key meanwhile, and then it is a right one.
		const isWrongKey = this.client?.hasSucceeded === false;
		return isWrongKey && isRefusedForGood(detail) && !isNotFound(detail);
	}

	/** Reads it once, unless it is over: by its own client unless told. */
	async look(withinMs?: number, read?: ReadTask): Promise<void> {
		if (this.isOver) return;
		const outcome = await (read?.(this, withinMs) ?? this.client?.lookAt(this.id, withinMs));
		if (outcome !== undefined) this.learn(outcome);
	}

	/** Reads it with the tries of any request. */
	async read(): Promise<void> {
		if (this.isOver || this.client === null) return;
		this.learn(await this.client.getTask(this.id));
	}

	/** What a reading says, by the one rule for all who wait. */
	learn(outcome: TaskReading | ApiFailure): void {
		if (this.isOver) return;
		if (outcome instanceof ApiFailure) {
			this.failure = outcome;
			const ageMs = this.createdAt === null ? Infinity : Date.now() - this.createdAt;
			this.isEnded = isNotFound(outcome.detail) && ageMs > UNKNOWN_AT_FIRST_MS;
			return;
		}
		this.reading = outcome;
		this.readAt = Date.now();
		this.failure = null;
		this.isEnded = isFinished(outcome.task);
	}
}

/** Whether the API itself says that it knows no such task. */
function isNotFound({ code, status }: FailureDetail): boolean {
	return code === 'task_not_found' && status === 404;
}
