import type { IHookFunctions, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { ApiFailure, Failure } from '../api/failure';
import { withoutSecrets } from '../api/redact';
import { isFinished, toTaskReading } from '../api/schemas';
import { referenceOf } from '../callback/registration';
import { noteListener } from '../n8n/ownAddress';
import { triggerSettingsOf } from '../parameters/settings';
import { readTriggerSettings } from '../parameters/trigger';
import { toItem, toNodeError } from '../result/item';
import { readingToOutcome } from '../result/reading';
import { simplifyTask } from '../result/task';
import { wasHeard } from '../waiting/triggerLooks';
import { isReminder, openDeliveries } from './deliveries';
import { inTime, readCall, respond, respondNotYet } from './incoming';
import { readBack } from './readBack';

/**
 * One call to a Kling Trigger. It starts the workflow with the task, or answers why not. With settings
 * that cannot be used it is 500, since a default in their place could switch off a check.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	noteListener(context);
	if (isReminder(context.getBodyData())) {
		const wasMissing = openDeliveries(context).complete();
		return respond(context, wasMissing ? 'open' : 'noted', 'Whether all deliveries are noted');
	}
	const call = readCall(context);
	if (call === null) return respond(context, 'invalid', 'This is no task');
	const isTest = context.getMode() === 'manual';
	// What was sent to a Test URL is not delivered again.
	const callback = { ...call, isOwn: call.isOwn || isTest };

	const settings = readTriggerSettings(triggerSettingsOf(context));
	if (settings instanceof Failure) {
		const { message } = settings;
		context.logger.error(`${context.getNode().name} cannot start its workflow: ${message}`);
		return respond(context, 'unusable', message);
	}
	const { events, verifyTask, deduplicate, result } = settings;
	const taskId = callback.task.id;
	const workflowId = context.getWorkflow().id;
	// A test counts for nothing.
	const deliveries = isTest ? null : openDeliveries(context);
	const respondRepeated = () => {
		// A call of this n8n never starts it a second time.
		if (deliveries === null || !(deduplicate || callback.isOwn)) return null;
		if (deliveries.isStarting(taskId)) return respond(context, 'open', 'Starting already');
		if (!deliveries.has(taskId)) return null;
		wasHeard(workflowId, taskId);
		return respond(context, 'repeated', 'This task was delivered before');
	};
	const repeated = respondRepeated();
	if (repeated !== null) return repeated;

	const reading = verifyTask
		? await inTime(callback, readBack(context, taskId))
		: toTaskReading(withoutSecrets(callback.raw, ''));
	if (reading === null) return respond(context, 'invalid', 'This is no task');
	if (reading instanceof ApiFailure) {
		return reading.detail.code === 'task_not_found'
			? respond(context, 'unknown', 'The AI Video API does not know this task')
			: respondNotYet(context, callback, reading);
	}
	const { status } = simplifyTask(reading.task);
	const nothing = `Nothing starts for a task that is ${status}`;
	if (!isFinished(reading.task)) return respondNotYet(context, callback, nothing);
	// Others with the same task may have come this far while this one was reading it back.
	const overtaken = respondRepeated();
	if (overtaken !== null) return overtaken;
	if (deliveries !== null) wasHeard(workflowId, taskId);
	if (!events.includes(status)) return respond(context, 'unwanted', nothing);
	deliveries?.start(taskId);
	respond(context, 'started', 'Workflow started');
	const outcome = await readingToOutcome(
		context,
		reading,
		{ ...result, failsItem: false, mayDownload: verifyTask },
		{ reference: referenceOf(context.getQueryData()) },
	);
	// Not before the files are there: if this process ends, a look of another one starts it.
	deliveries?.add(taskId);
	const { json, binary } = toItem(context, outcome, 0);
	return { noWebhookResponse: true, workflowData: [[{ json, binary }]] };
}

/** Throws a `NodeOperationError` for settings that cannot be used, before the trigger starts to listen. */
export function checkSettings(context: IHookFunctions): void {
	const settings = readTriggerSettings(triggerSettingsOf(context));
	if (settings instanceof Failure) throw toNodeError(context, settings, 0);
}
