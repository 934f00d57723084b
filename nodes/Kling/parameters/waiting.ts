import type { INodeProperties } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { WAITING } from './operation';
import { toBoolean, toChoice, toNumber } from './readers';
import { collect, type Settings } from './settings';

/** One wait is for at most 30 days. */
const TIMEOUT_MINUTES = { min: 0, max: 43_200 } as const;

const MIN_POLL_INTERVAL_SECONDS = 2;
const POLL_INTERVAL_SECONDS = { min: 0, max: TIMEOUT_MINUTES.max * 60 } as const;

/** Its name in the panel, for refusals. */
export const WAIT_STRATEGY = 'Wait Strategy';

const strategyField: INodeProperties = {
	displayName: WAIT_STRATEGY,
	name: 'waitStrategy',
	type: 'options',
	options: [
		{
			name: 'Automatic',
			value: 'auto',
			description: 'Sleeps if a callback can wake this execution, otherwise checks at intervals',
		},
		{
			name: 'Callback',
			value: 'callback',
			description:
				'Sleeps in the database of n8n until the API calls back. Keeps nothing busy and survives restarts.',
		},
		{
			name: 'Poll',
			value: 'poll',
			description: 'Stays running and checks the video at intervals',
		},
	],
	default: 'auto',
	description: 'How to wait. With Callback, Create Video must have this execution as its callback.',
	// As a tool of an AI Agent the node always polls.
	displayOptions: { show: { operation: WAITING }, hide: { '@tool': [true] } },
};

const timeoutField: INodeProperties = {
	displayName: 'Timeout (Minutes)',
	name: 'timeout',
	type: 'number',
	typeOptions: { minValue: TIMEOUT_MINUTES.min, maxValue: TIMEOUT_MINUTES.max },
	default: 30,
	description:
		'How long to wait at most, for all items together. Most videos take 1 to 15 minutes. After that, videos that are not ready are passed on too, with “timedOut” set to true.',
	displayOptions: { show: { operation: WAITING } },
};

export const waitFields = [strategyField, timeoutField];

export const pollIntervalOption: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: MIN_POLL_INTERVAL_SECONDS },
	default: 10,
	description: 'How long to pause before checking the video again. The pauses grow by and by.',
	displayOptions: { show: { '/operation': WAITING } },
};

const throwOnFailureOption: INodeProperties = {
	displayName: 'Stop on Failed Video',
	name: 'throwOnFailure',
	type: 'boolean',
	default: false,
	description:
		'Whether to stop the workflow when a video failed, instead of passing on an item with the status “failed”',
	displayOptions: { show: { '/operation': ['getTask'] } },
};

/** The same field twice: a wait can stop the run only while it is not suspended. */
export const throwOnFailureOptions: INodeProperties[] = [
	throwOnFailureOption,
	{
		...throwOnFailureOption,
		displayOptions: { show: { '/operation': WAITING, '/waitStrategy': ['poll'] } },
	},
];

/** Whether a task that failed is an error of its item. */
export function readThrowOnFailure(settings: Settings): Settled<boolean> {
	return settings.option(throwOnFailureOption, toBoolean);
}

export type WaitSettings = Exclude<ReturnType<typeof readWait>, Failure>;

export type WaitStrategy = WaitSettings['strategy'];

/** @param mustPoll whether this run cannot be suspended */
export function readWait(settings: Settings, mustPoll: boolean) {
	const read = collect({
		strategy: mustPoll
			? 'poll'
			: settings.read(strategyField, (value) => toChoice(value, ['auto', 'callback', 'poll'])),
		minutes: settings.read(timeoutField, (value) => toNumber(value, TIMEOUT_MINUTES)),
		seconds: settings.option(pollIntervalOption, (value) => toNumber(value, POLL_INTERVAL_SECONDS)),
		throwOnFailure: readThrowOnFailure(settings),
	});
	if (read instanceof Failure) return read;
	const { strategy, minutes, seconds, throwOnFailure } = read;
	return {
		strategy,
		timeoutMs: minutes * 60_000,
		intervalMs: Math.max(seconds, MIN_POLL_INTERVAL_SECONDS) * 1000,
		throwOnFailure: throwOnFailure && strategy === 'poll',
	};
}
