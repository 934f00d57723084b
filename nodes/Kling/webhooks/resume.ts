import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { z } from 'zod';

import { ApiFailure, Thrown } from '../api/failure';
import { isRateLimit } from '../api/retry';
import { toTaskReading } from '../api/schemas';
import { type ReadTask, Task } from '../api/task';
import { mapConcurrently } from '../n8n/async';
import { isAlone, mayQueue, readNodeContext } from '../n8n/execution';
import { noteListener, ownUrlOf, postToSelf } from '../n8n/ownAddress';
import { DOWNLOAD_CONCURRENCY } from '../result/download';
import { hasErrorOutput, toItem } from '../result/item';
import { waitedOutcome } from '../result/reading';
import { lastLook, look, openOf } from '../waiting/look';
import { itemsOf, parseStored, type Sleeper, sleeperOf, type StoredWait } from '../waiting/sleeper';
import { inTime, readCall, respond, respondNotYet } from './incoming';
import { NO_CREDENTIAL, readBack } from './readBack';

/**
 * A call to a sleeping execution. It goes on only after every task of the run was read back as over, or the
 * time is; whatever else arrives is answered and changes nothing. Nothing is ever thrown: n8n would wipe
 * the data of the run.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		return await answer(context);
	} catch (thrown) {
		const { message } = new Thrown(thrown);
		context.logger.error(`Execution ${context.getExecutionId()} could not go on: ${message}`);
		return respond(context, 'unread', 'The execution cannot go on just now');
	}
}

async function answer(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const calledAt = Date.now();
	noteListener(context);
	const wait = parseStored(readNodeContext(context));
	const asked = questionSchema.safeParse(context.getBodyData()).data?.asks;
	if (asked !== undefined) {
		const isHere = wait?.timeoutAt === asked.timeoutAt && asked.node === context.getNode().id;
		return respond(context, isHere ? 'asleep' : 'unknown', 'Whether the execution sleeps here');
	}
	const callback = readCall(context);
	if (callback === null) return respond(context, 'invalid', 'This is no task');
	if (wait === null) return respond(context, 'unknown', 'This execution waits for no task');

	const sleeper = sleeperOf(wait);
	if (sleeper.isDone) return respond(context, 'resuming', 'Resuming already');
	const task = sleeper.tasks.find(({ id }) => id === callback.task.id);
	if (task === undefined) {
		return respond(context, 'unknown', 'This execution does not wait for that task');
	}
	const read = readerOf(context);
	const message = 'Not all tasks are finished yet';
	if (sleeper.isCrowded && !callback.isOwn) {
		sleeper.dueAt = Math.min(sleeper.dueAt, Date.now());
		return respond(context, 'open', message);
	}
	sleeper.calls += 1;
	const open = await inTime(callback, lookFrom(task, sleeper, read)).finally(() => {
		sleeper.calls -= 1;
	});
	if (open !== null) {
		const failure = open instanceof ApiFailure ? open : open.failure;
		if (failure === null && open !== task) return respond(context, 'open', message);
		return respondNotYet(context, callback, failure ?? message, task.client?.account);
	}
	if (sleeper.isDone) return respond(context, 'resuming', 'Resuming already');
	sleeper.beginResume();
	respond(context, 'resumed', 'Resumed');
	return await goOn(context, wait, sleeper, read, calledAt);
}

/**
 * One look that begins with the reported task; null when nothing is waited for any more. The process that
 * suspended the execution looks after the other tasks itself.
 */
async function lookFrom(task: Task, sleeper: Sleeper, read: ReadTask): Promise<Task | null> {
	if (sleeper.isOverdue) return null;
	await task.look(undefined, read);
	if (!task.isOver) return task;
	const held = openOf(sleeper.tasks).find(({ client }) => client !== null);
	return held ?? (await look(sleeper.tasks, { read }));
}

/**
 * Reads a task with the key with which the execution was suspended, where this process still has it, since
 * n8n may not resolve it here; else, or where that fails, with the node's credential as it is now.
 */
function readerOf(context: IWebhookFunctions): ReadTask {
	return async ({ id, client }, withinMs) => {
		const held = await client?.lookAt(id, withinMs);
		if (held !== undefined && !(held instanceof ApiFailure)) return held;
		// Another client would not know of the pause.
		if (held && (held.detail.retryAfterMs !== null || isRateLimit(held.detail))) return held;
		const own = await readBack(context, id, withinMs);
		if (own !== NO_CREDENTIAL) return own;
		if (held !== undefined) return held;
		context.logger.warn(
			`The credential of “${context.getNode().name}” cannot be read while execution ${context.getExecutionId()} sleeps. Where it takes the key from the run's data, n8n can resolve it only in the process that ran the node.`,
		);
		return own;
	};
}

async function goOn(
	context: IWebhookFunctions,
	wait: StoredWait,
	sleeper: Sleeper,
	read: ReadTask,
	calledAt: number,
): Promise<IWebhookResponseData> {
	let isUnderWay = false;
	try {
		if (sleeper.isOverdue) await lastLook(sleeper.tasks, wait.timeoutAt, read);
		const items = await toItems(context, wait, sleeper);
		// So soon after the call it cannot sleep elsewhere, in a single process.
		const isFresh = isAlone(context) && Date.now() - calledAt < 500;
		isUnderWay = isFresh || (await isStillAsleep(context, wait));
		if (isUnderWay) return { noWebhookResponse: true, workflowData: [items] };
	} catch (thrown) {
		const { message } = new Thrown(thrown);
		context.logger.error(`Execution ${wait.executionId} sleeps on: ${message}`);
	} finally {
		sleeper.endResume(isUnderWay, mayQueue(context));
	}
	return { noWebhookResponse: true };
}

async function toItems(
	context: IWebhookFunctions,
	wait: StoredWait,
	{ tasks }: Sleeper,
): Promise<INodeExecutionData[]> {
	// Some seconds before n8n's own timer the files must be there.
	const deadlineAt = wait.n8nTimerAt - 15_000;
	const failsItem = hasErrorOutput(context);
	return await mapConcurrently(itemsOf(wait), DOWNLOAD_CONCURRENCY, async (stored, itemIndex) => {
		if ('settled' in stored) return toItem(context, { json: stored.settled }, itemIndex);
		const { taskId, request, known, ...result } = stored;
		const task = tasks[stored.task];
		const ended = Object.assign(new Task(taskId, null, null, request), {
			reading: task?.reading ?? toTaskReading(known),
			failure: task?.failure ?? null,
			isEnded: task?.isOver ?? false,
		});
		const outcome = await waitedOutcome(context, ended, { ...result, failsItem, deadlineAt });
		return toItem(context, outcome, itemIndex);
	});
}

/** Any process answers it from what is stored. */
const questionSchema = z.object({ asks: z.object({ node: z.string(), timeoutAt: z.number() }) });

/**
 * Whether the execution still sleeps at this wait. n8n asks only whether it sleeps, which is true again at its
 * next wait: going on from here would run, and pay, all behind it again.
 */
async function isStillAsleep(
	context: IWebhookFunctions,
	{ timeoutAt }: StoredWait,
): Promise<boolean> {
	const url = ownUrlOf(context);
	if (url === null) return true;
	const body = JSON.stringify({ asks: { node: context.getNode().id, timeoutAt } });
	const answer = await postToSelf(context.helpers.httpRequest, url, body);
	return answer === null || answer.state === 'asleep';
}
