import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, Refusal, type Settled, Unreached, valuesOf } from '../api/failure';
import type { Task } from '../api/task';
import { isTool } from '../n8n/execution';
import type { ResultSettings } from '../parameters/result';
import { settingsOf } from '../parameters/settings';
import { readWait, WAIT_STRATEGY, type WaitSettings } from '../parameters/waiting';

export interface WaitingItem {
	task: Task;
	result: ResultSettings;
	/** What the item itself says; null where it says nothing. */
	wait: WaitSettings | null;
}

export type WaitingItems = ReadonlyArray<Settled<WaitingItem>>;

/** How a run waits for all its items together. */
export type RunWait = Omit<WaitSettings, 'throwOnFailure'>;

/** What the items say together: the longest time and the shortest interval; the strategy must be one. */
export function readWaitOfRun(context: IExecuteFunctions): Settled<RunWait> {
	const items = context.getInputData();
	const read = items.map((_, index) => readWait(settingsOf(context, index), isTool(context)));
	const right = valuesOf(read);
	const [first] = right;
	if (first === undefined) return read.find((one) => one instanceof Failure) ?? new Unreached();
	if (right.some(({ strategy }) => strategy !== first.strategy)) {
		return new Refusal(
			`'${WAIT_STRATEGY}' is not the same for all items`,
			'All items of a run wait together. Set it to the same for all, or send them through two nodes.',
		);
	}
	return {
		strategy: first.strategy,
		timeoutMs: Math.max(...right.map(({ timeoutMs }) => timeoutMs)),
		intervalMs: Math.min(...right.map(({ intervalMs }) => intervalMs)),
	};
}
