import type { IHookFunctions, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { ApiFailure } from '../api/failure';
import type { TaskReading } from '../api/schemas';
import { referenceOf } from '../callback/reference';
import { within } from '../n8n/async';
import { noteListener } from '../n8n/ownAddress';
import { InvalidParameterError, orThrow } from '../parameters/read';
import { triggerSettingsOf } from '../parameters/settings';
import { readTriggerSettings, type TriggerSettings } from '../parameters/trigger';
import { toItem } from '../result/item';
import { readingToOutcome } from '../result/reading';
import { isFinished, simplifyTask } from '../result/task';
import { forgetReadings, readingsOf, readOne } from '../waiting/readings';
import { openDeliveries } from './deliveries';
import {
	ANSWER_WITHIN_MS,
	readCallback,
	respondAndStart,
	respondNotNow,
	respondOnly,
} from './incoming';
import { readBack } from './readBack';

/**
 * One call to a Kling Trigger. It starts the workflow with the task, or answers why not: 400 for
 * what is no task, 404 for a task the API does not know, 503 while the API cannot be asked, after
 * which it is asked again for some minutes, and 200 for what the user did not ask for or was
 * delivered before. With settings that cannot be used it is 500, since a default in their place could
 * switch off a check.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	noteListener(context);
	const body = readCallback(context);
	if (body === null) return respondOnly(context, 400, 'This is no task');

	const settings = readSettings(context);
	if (settings instanceof Error) {
		context.logger.error(
			`${context.getNode().name} cannot start its workflow: ${settings.message}`,
		);
		return respondOnly(context, 500, settings.message);
	}
	const { events, verifyTask, deduplicate } = settings;
	const isTest = context.getMode() === 'manual';
	const deliveries = deduplicate && !isTest ? openDeliveries(context) : null;
	const taskId = body.task.id;
	const isRepeated = () => deliveries?.has(taskId) === true;
	if (isRepeated()) return respondOnly(context, 200, 'This task was delivered before');

	const reading = verifyTask ? await readInTime(context, taskId) : body;
	if (reading === null) return respondNotNow(context, body, null);
	if (reading instanceof ApiFailure) {
		return reading.detail.code === 'task_not_found'
			? respondOnly(context, 404, 'The AI Video API does not know this task')
			: respondNotNow(context, body, reading.detail.retryAfterMs);
	}
	const { status } = simplifyTask(reading.task);
	if (!isFinished(reading.task) || !events.includes(status)) {
		return respondOnly(context, 200, `Nothing starts for a task that is ${status}`);
	}
	// Others with the same task may have come this far while this one was reading it back.
	if (isRepeated()) return respondOnly(context, 200, 'This task was delivered before');
	deliveries?.add(taskId);
	return await respondAndStart(context, 'Workflow started', async () => {
		const outcome = await readingToOutcome(context, 0, reading, {
			...settings.result,
			extras: { reference: referenceOf(context.getQueryData()) },
			failsItem: false,
		});
		const { json, binary } = toItem(outcome, 0, false);
		return [{ json, binary }];
	});
}

/** The settings, or why they cannot be used. */
function readSettings(
	context: Pick<IWebhookFunctions | IHookFunctions, 'getNodeParameter'>,
): TriggerSettings | Error {
	try {
		return orThrow(readTriggerSettings(triggerSettingsOf(context)));
	} catch (thrown) {
		return thrown instanceof Error ? thrown : new Error(String(thrown));
	}
}

/**
 * Looks at the settings before the trigger starts to listen.
 *
 * @throws NodeOperationError when one of them cannot be used
 */
export function checkSettings(context: IHookFunctions): void {
	const settings = readSettings(context);
	if (!(settings instanceof Error)) return;
	const description = settings instanceof InvalidParameterError ? settings.hint : undefined;
	throw new NodeOperationError(context.getNode(), settings.message, { description });
}

/** How long what was read too late for a sender is kept for the next try, in milliseconds. */
const KEPT_MS = 600_000;

/**
 * Reads a reported task back while its sender waits; null when that took too long. Calls that come together share a reading, and a slow one serves the next call.
 */
async function readInTime(
	context: IWebhookFunctions,
	taskId: string,
): Promise<TaskReading | ApiFailure | null> {
	const key = `${String(context.getWorkflow().id)}/${context.getNode().id}/${taskId}`;
	const readings = readingsOf(key, Date.now() + KEPT_MS);
	const reading = readOne(readings, taskId, async () => await readBack(context, taskId));
	const outcome = await within(ANSWER_WITHIN_MS, reading, null);
	if (outcome !== null) forgetReadings(key);
	return outcome;
}
