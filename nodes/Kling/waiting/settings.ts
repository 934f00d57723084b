import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, Refusal, type Settled } from '../api/failure';
import { isTool } from '../n8n/execution';
import { type Settings, settingsOf } from '../parameters/settings';
import { readWait, type WaitSettings } from '../parameters/waiting';

/** How a run waits for all its items together. */
export interface RunWait extends Omit<WaitSettings, 'throwOnFailure'> {
	/** What one item says, so that a wrong value is that item's own failure. */
	readItem(settings: Settings): Settled<WaitSettings>;
}

/** What the items say together: the longest time and the shortest interval; the strategy must be one. */
export function readWaitOfRun(context: IExecuteFunctions): Settled<RunWait> {
	const mustPoll = isTool(context);
	const readItem = (settings: Settings) => readWait(settings, mustPoll);
	const read = context
		.getInputData()
		.map((_, itemIndex) => readItem(settingsOf(context, itemIndex)));
	const right = read.filter((one): one is WaitSettings => !(one instanceof Failure));
	const [first] = right;
	if (first === undefined) return read[0] instanceof Failure ? read[0] : NO_ITEMS;
	if (right.some(({ strategy }) => strategy !== first.strategy)) {
		return new Refusal(
			"'Wait Strategy' is not the same for all items",
			'All items of a run wait together. Set it to the same for all, or send them through two nodes.',
		);
	}
	return {
		strategy: first.strategy,
		timeoutMs: Math.max(...right.map(({ timeoutMs }) => timeoutMs)),
		intervalMs: Math.min(...right.map(({ intervalMs }) => intervalMs)),
		readItem,
	};
}

const NO_ITEMS = new Refusal('There are no items', 'Send at least one item to this node.');
