import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { pauseMs } from '../api/retry';
import { Task } from '../api/task';
import { isOwnTriggerUrl, workflowIn } from '../callback/registration';
import { everythingDue, runWhenDue, takeOff } from '../n8n/dueWork';
import { noteInstance, type OwnAnswer } from '../n8n/ownAddress';
import { look } from './look';
import { BETWEEN_LOOKS, type Host, lastingClient, OwnCall } from './ownCall';

/**
 * Tasks that were created in this process for a Kling Trigger of this n8n: should the callback get
 * lost, a look finds that they are over and tells the trigger, which starts only where no callback has.
 */

const DAY_MS = 86_400_000;

class TriggerLook extends OwnCall {
	override readonly tasks: readonly [Task];

	readonly workflowId: string | null;

	private isTold = false;

	constructor(task: Task, url: string) {
		const now = Date.now();
		const dueAt = now + pauseMs(BETWEEN_LOOKS, 1);
		super(url, task.id, dueAt, now + DAY_MS, task.client?.account ?? url);
		this.tasks = [task];
		this.workflowId = workflowIn(url);
	}

	protected get host(): Host | null {
		return this.tasks[0].client?.host ?? null;
	}

	protected override async look(): Promise<Task | null> {
		const [task] = this.tasks;
		const open = await look(this.tasks);
		if (open === null && task.reading === null) {
			this.isDone = true;
			this.host?.logger.warn(`The AI Video API does not know task ${task.id} any more`);
		}
		// What a task was like on its way is not worth the memory.
		if (open !== null) task.reading = null;
		return open;
	}

	/**
	 * The task was just read, so a trigger that does not know it asks another account. Its credential may
	 * be corrected.
	 */
	protected override after(answer: OwnAnswer | null): number | null {
		if (answer?.state !== 'unknown') return super.after(answer);
		if (!this.isTold) {
			this.host?.logger.warn(
				`Task ${this.tasks[0].id} is over, but the Kling Trigger of workflow ${this.workflowId} does not know it: its credential belongs to another account than that of the node which created the task`,
			);
		}
		this.isTold = true;
		return this.later();
	}

	/** What was read, for a trigger that does not read the task itself (Verify Task off). */
	protected override get body(): string {
		const raw = this.tasks[0].reading?.raw;
		return JSON.stringify({ id: this.taskId, status: 'completed', ...raw, from: 'n8n' });
	}

	protected get unheard(): string {
		return `Task ${this.tasks[0].id} is over, but n8n cannot reach itself at its own address to start the Kling Trigger. Check that the address in WEBHOOK_URL can be reached from the machine that n8n runs on.`;
	}

	ended(isGivenUp: boolean): void {
		if (!isGivenUp) return;
		const [{ id }] = this.tasks;
		this.host?.logger.warn(`The Kling Trigger was not told of task ${id}: a day has passed`);
	}
}

/** Looks after those tasks whose callback is a Kling Trigger of this n8n. */
export async function lookAfterTriggers(
	context: IExecuteFunctions,
	created: ReadonlyArray<Settled<{ task: Task }>>,
): Promise<void> {
	for (const [itemIndex, item] of created.entries()) {
		if (item instanceof Failure || item.task.client === null) continue;
		const { id, client, createdAt, request } = item.task;
		const url = request?.callbackUrl ?? null;
		if (url === null || find(id) !== undefined || !isOwnTriggerUrl(context, url)) continue;
		noteInstance(context);
		const task = new Task(id, await lastingClient(context, itemIndex, client), createdAt);
		runWhenDue(new TriggerLook(task, url));
	}
}

/** The Kling Trigger of a workflow was told of a task: nobody needs to look after it any more. */
export function wasHeard(workflowId: string | undefined, taskId: string): void {
	const entry = find(taskId);
	if (entry === undefined || entry.workflowId !== workflowId) return;
	entry.isDone = true;
	takeOff(entry);
}

function find(taskId: string): TriggerLook | undefined {
	return everythingDue()
		.filter((due) => due instanceof TriggerLook)
		.find(({ tasks: [{ id }] }) => id === taskId);
}
