import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { pauseMs } from '../api/retry';
import { Task } from '../api/task';
import { isOwnTriggerUrl, workflowIn } from '../callback/registration';
import { findDue, runWhenDue, takeOff } from '../n8n/dueWork';
import type { OwnAnswer } from '../n8n/ownAddress';
import { BETWEEN_LOOKS, lastingClient, OwnCall } from './ownCall';

const DAY_MS = 86_400_000;

/** Tells a Kling Trigger of this n8n that a task is over, should its callback get lost. */
class TriggerLook extends OwnCall {
	private isTold = false;

	constructor(
		private readonly task: Task,
		private readonly workflowId: string | null,
		url: string,
	) {
		const now = Date.now();
		const dueAt = now + pauseMs(BETWEEN_LOOKS, 1);
		super(keyOf(workflowId, task.id), url, task.id, dueAt, now + DAY_MS, [task]);
	}

	protected override async look(): Promise<Task | null> {
		const open = await super.look();
		if (open === null && this.task.reading === null) {
			this.isDone = true;
			this.host?.logger.warn(`The AI Video API does not know task ${this.taskId} any more`);
		}
		return open;
	}

	/** The task was just read, so a trigger that does not know it has another key. Users may fix that. */
	protected override after(answer: OwnAnswer | null): number | null {
		// n8n says that the trigger does not listen: its workflow may be published again.
		if (answer?.state === null) return this.later();
		if (answer?.state !== 'unknown') return super.after(answer);
		if (!this.isTold) {
			this.host?.logger.warn(
				`Task ${this.taskId} is over, but the Kling Trigger of workflow ${this.workflowId} does not know it: its credential belongs to another account than that of the node which created the task`,
			);
		}
		this.isTold = true;
		return this.later();
	}

	/** What was read, for a trigger that does not read the task itself (Verify Task off). */
	protected override get report(): object {
		return { ...super.report, ...this.task.reading?.raw };
	}

	protected get unheard(): string {
		return `Task ${this.taskId} is over, but n8n cannot reach itself at its own address to start the Kling Trigger. Check that the address in WEBHOOK_URL can be reached from the machine that n8n runs on.`;
	}

	givenUp(): void {
		this.host?.logger.warn(
			`The Kling Trigger was not told of task ${this.taskId}: a day has passed`,
		);
	}
}

/** Looks after those created tasks whose callback is a Kling Trigger of this n8n. */
export async function lookAfterTriggers(
	context: IExecuteFunctions,
	created: ReadonlyArray<Settled<{ task: Task }>>,
): Promise<void> {
	for (const [itemIndex, item] of created.entries()) {
		if (item instanceof Failure || item.task.client === null) continue;
		const { id, client, createdAt, request } = item.task;
		const url = request?.callbackUrl ?? null;
		if (url === null || !isOwnTriggerUrl(context, url)) continue;
		const workflowId = workflowIn(url);
		if (findDue(keyOf(workflowId, id)) !== undefined) continue;
		const task = new Task(id, await lastingClient(context, itemIndex, client), createdAt);
		runWhenDue(new TriggerLook(task, workflowId, url));
	}
}

/** The Kling Trigger of a workflow has heard of a task: nobody needs to look after it any more. */
export function wasHeard(workflowId: string | undefined, taskId: string): void {
	const entry = findDue(keyOf(workflowId, taskId));
	if (!(entry instanceof TriggerLook)) return;
	entry.isDone = true;
	takeOff(entry);
}

function keyOf(workflowId: string | null | undefined, taskId: string): string {
	return `${workflowId} ${taskId}`;
}
