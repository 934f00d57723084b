import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { z } from 'zod';

import type { TaskReading } from '../api/client';
import { ApiFailure, failureAsValue } from '../api/failure';
import { toItem } from '../items';
import { downloadFieldOf } from '../operations/parameters';
import { readingToOutcome } from '../operations/result';
import { isFinished, simplifyTask } from '../task/task';
import { parseCallbackBody } from './body';
import { openDeliveries } from './deliveries';
import { accept, turnAway } from './response';
import { openCallbackClient } from './verify';

const optionsSchema = z.object({
	verifyTask: z.boolean().default(true),
	deduplicate: z.boolean().default(true),
});

const eventsSchema = z.array(z.string()).catch([]);

/**
 * One call to a Kling Trigger. It starts the workflow with the task, or answers why not: 400 for
 * what is no task, 404 for a task the API does not know, 503 while the API cannot be asked, and 200
 * for what the user did not ask for or was delivered before.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const body = parseCallbackBody(context.getBodyData());
	if (body === null) return turnAway(context, 400, 'This is no task');

	const options = context.getNodeParameter('options', {});
	const { verifyTask, deduplicate } = optionsSchema.parse(options);
	const isTest = context.getMode() === 'manual';
	const deliveries = deduplicate && !isTest ? openDeliveries(context) : null;
	const taskId = body.task.id;
	const isRepeated = () => deliveries?.has(taskId) === true;
	if (isRepeated()) return turnAway(context, 200, 'This task was delivered before');

	const reading = verifyTask ? await readBack(context, taskId) : body;
	if (reading === null) return turnAway(context, 503, 'The task cannot be read back');
	if (reading instanceof ApiFailure) {
		return reading.detail.code === 'task_not_found'
			? turnAway(context, 404, 'The AI Video API does not know this task')
			: turnAway(context, 503, 'The task cannot be read back');
	}
	const { status } = simplifyTask(reading.task);
	const events = eventsSchema.parse(context.getNodeParameter('events', []));
	if (!isFinished(reading.task) || !events.includes(status)) {
		return turnAway(context, 200, `Nothing starts for a task that is ${status}`);
	}
	// Others with the same task may have come this far while this one was reading it back.
	if (isRepeated()) return turnAway(context, 200, 'This task was delivered before');
	deliveries?.add(taskId);
	const simplify = context.getNodeParameter('simplify', true) !== false;
	return await accept(context, 'Workflow started', async () => {
		const outcome = await readingToOutcome(context, 0, reading, {
			simplify,
			failsItem: false,
			downloadField: downloadFieldOf(options),
		});
		const { json, binary } = toItem(outcome, 0);
		return [{ json, binary }];
	});
}

async function readBack(
	context: IWebhookFunctions,
	taskId: string,
): Promise<TaskReading | ApiFailure | null> {
	const client = await openCallbackClient(context);
	return client === null ? null : await failureAsValue(client.getTask(taskId));
}
