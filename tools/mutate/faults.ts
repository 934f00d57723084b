/**
 * Faults to plant in the shipped code, one at a time: each must fail a test of the suites `unit` or
 * `node` (`npm run mutate`).
 */
export interface PlantedFault {
	/** Below nodes/Kling/. */
	file: string;
	/** The text that is replaced; it stands in the file once. */
	find: string;
	replace: string;
	/** What no longer holds then. */
	breaks: string;
	/** Why only a real n8n can notice, and which of its tests does; such a fault is not run. */
	onlyInN8n?: string;
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
	{
		file: 'parameters/waiting.ts',
		find: 'Math.max(seconds, MIN_POLL_INTERVAL_SECONDS)',
		replace: 'seconds',
		breaks: 'the API is read every two seconds at most',
	},
	{
		file: 'parameters/callback.ts',
		find: '(webhook|form)-test',
		replace: 'webhook-test',
		breaks: 'a form’s Test URL is refused as Callback URL',
	},
	{
		file: 'parameters/taskId.ts',
		find: 'text.toLowerCase()',
		replace: 'text',
		breaks: 'a task ID in capitals is sent in lower case',
	},
	{
		file: 'parameters/sharePages.ts',
		find: "if (url.searchParams.get(name) === value) return 'here';",
		replace: '',
		breaks: 'the address that the hint for Dropbox recommends is taken',
	},
	{
		file: 'parameters/spending.ts',
		find: '.filter((one) => one !== NO_LIMIT)',
		replace: '',
		breaks: 'an item without a limit does not lift the limit of the others',
	},
	{
		file: 'parameters/readers.ts',
		find: '.flat(Infinity)',
		replace: '.flat()',
		breaks: 'lists are read whatever their depth',
	},
	{
		file: 'images/imageType.ts',
		find: " && text.slice(8, 12) === 'WEBP'",
		replace: '',
		breaks: 'a sound file (RIFF, too) is no image',
	},
	{
		file: 'images/checkImages.ts',
		find: 'status === 404 || status === 410',
		replace: 'status === 404',
		breaks: 'an image that is gone for good refuses its item',
	},
	{
		file: 'images/checkImages.ts',
		find: 'status === 206 ? range : ',
		replace: '',
		breaks: 'a part of a large image does not pass for a small image',
	},
	{
		file: 'images/itemImages.ts',
		find: 'createBinarySignedUrl(copy,',
		replace: 'createBinarySignedUrl(file,',
		breaks: 'the signed address of an uploaded file outlives the execution',
		onlyInN8n: 'n8n itself moves the file when the execution ends: test/n8n/media.test.ts',
	},
	{
		file: 'api/pace.ts',
		find: 'this.waiting.shift()?.();',
		replace: '',
		breaks: 'requests that wait behind one that is not sent are not left waiting for ever',
	},
	{
		file: 'api/pace.ts',
		find: 'this.atOnce = 1;',
		replace: '',
		breaks: 'a rate limit lets the requests of an account through one after another',
	},
	{
		file: 'api/task.ts',
		find: 'Date.now() - this.createdAt > UNKNOWN_AT_FIRST_MS',
		replace: 'true',
		breaks: 'a task that the API does not know yet is not given up',
	},
	{
		file: 'api/task.ts',
		find: ' && this.client?.hasSucceeded === false',
		replace: '',
		breaks: 'a key that is refused for a while does not end a wait',
	},
	{
		file: 'api/client.ts',
		find: 'attempts -= 1',
		replace: 'attempts += 0',
		breaks: 'a rate limit is tried for five minutes, not four times',
	},
	{
		file: 'api/client.ts',
		find: 'else if (isRefusedForGood(result.detail))',
		replace: "else if (result.detail.call === 'create')",
		breaks: 'the former key serves while the new one is refused',
	},
	{
		file: 'creating/journal.ts',
		find: ' || entry.written === this.written',
		replace: '',
		breaks: 'Retry of an unedited node takes the item’s task, whatever its expressions give',
	},
	{
		file: 'creating/journal.ts',
		find: 'else this.forget(entry);',
		replace: '',
		breaks: 'what was refused is sent by the next try',
	},
	{
		file: 'creating/journal.ts',
		find: ".filter(({ state }) => state !== 'refunded')",
		replace: '',
		breaks: 'credits that were given back are not spent',
	},
	{
		file: 'creating/send.ts',
		find: "if (failure.detail.code !== 'insufficient_credits') return failure;",
		replace: 'return failure;',
		breaks: 'too few credits are named by how many there are',
	},
	{
		file: 'creating/ending.ts',
		find: '? WAIT_AND_LOOK',
		replace: '? RETRY',
		breaks: 'nothing recommends Retry where something is unclear',
	},
	{
		file: 'creating/ending.ts',
		find: 'journal.goesOnWith(entry)',
		replace: 'true',
		breaks: 'nothing recommends Retry where it would pay again for what was edited',
	},
	{
		file: 'creating/recentRuns.ts',
		find: 'byRun.set(key, entries);',
		replace: '',
		breaks: 'an execution that n8n goes on with from an old state pays for nothing again',
	},
	{
		file: 'creating/recentRuns.ts',
		find: 'known.push(...stored.filter((entry) => !known.some((other) => isSame(entry, other))));',
		replace: '',
		breaks: 'what another process has created for a run is not forgotten',
	},
	{
		file: 'waiting/triggerLooks.ts',
		find: "answer?.state !== 'unknown'",
		replace: 'answer !== undefined',
		breaks: 'a trigger whose credential is corrected later is told then',
	},
	{
		file: 'waiting/triggerLooks.ts',
		find: ' || entry.workflowId !== workflowId',
		replace: '',
		breaks: 'only the trigger itself ends the looks for it',
	},
	{
		file: 'waiting/look.ts',
		find: 'readAt < timeoutAt',
		replace: 'readAt === 0',
		breaks: 'each open task is read once more when the time is over',
	},
	{
		file: 'waiting/look.ts',
		find: 'Date.now() - answeredAt < SILENCE_MS;',
		replace: 'true;',
		breaks: 'the last look ends when nothing is answered',
	},
	{
		file: 'waiting/poll.ts',
		find: 'timeoutMs === 0 ? Infinity : endsAt',
		replace: 'Infinity',
		breaks: 'a wait ends near its time when the API hangs',
	},
	{
		file: 'webhooks/deliveries.ts',
		find: 'store[STATIC_DATA_KEY] = [...here];',
		replace: 'store[STATIC_DATA_KEY] ??= [...here];',
		breaks: 'each delivery is remembered over a restart',
	},
	{
		file: 'webhooks/deliveries.ts',
		find: 'if (isMissing) note();',
		replace: '',
		breaks: 'what another process has written over is noted once more',
	},
	{
		file: 'waiting/suspend.ts',
		find: 'await pause(AWAKE_MS, context.getExecutionCancelSignal());',
		replace: '',
		breaks: 'two processes that wake an execution at the same moment run what is behind it once',
	},
	{
		file: 'waiting/sleeper.ts',
		find: 'isOnItsWay && this.fetchesFiles ? this.later() : super.after(answer)',
		replace: 'super.after(answer)',
		breaks:
			'a wait whose file was being fetched by a process that was killed goes on with the next look',
	},
	{
		file: 'n8n/dueWork.ts',
		find: ' && used < PLACES_IN_A_LANE',
		replace: '',
		breaks: 'an account that hangs has a few places, not all',
	},
	{
		file: 'n8n/dueWork.ts',
		find: '.catch(() => Date.now() + AFTER_A_FAULT_MS)',
		replace: '',
		breaks: 'what throws is tried again, and the others go on',
	},
	{
		file: 'n8n/dueWork.ts',
		find: 'now > entry.endsAt',
		replace: 'entry.endsAt === 0',
		breaks: 'due work is given up at its end',
	},
	{
		file: 'operations/run.ts',
		find: ' && !(one instanceof Unreached)',
		replace: '',
		breaks: 'a run ends with the item that failed, not with one that was not come to',
	},
	{
		file: 'operations/run.ts',
		find: 'journal.refund(refundedOf(context, outcomes));',
		replace: '',
		breaks: 'a failed task that ended the run is made anew by the next try',
	},
];
