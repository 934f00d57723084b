import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';
import { z } from 'zod';

import { OPERATIONS, WAITING } from './operation';
import { InvalidParameterError, quote, type Settings, toNumber } from './read';

/** How a run waits: suspended until the API calls back, or in this process. */
export type WaitStrategy = 'auto' | 'callback' | 'poll';

const strategySchema = z.enum(['auto', 'callback', 'poll']);

/** One wait is for at most 30 days. */
const TIMEOUT_MINUTES = { min: 0, max: 43_200 } as const;
const DEFAULT_TIMEOUT_MINUTES = 30;

const MIN_POLL_INTERVAL_SECONDS = 2;
const DEFAULT_POLL_INTERVAL_SECONDS = 10;

export const waitFields: INodeProperties[] = [
	{
		displayName: 'Wait Strategy',
		name: 'waitStrategy',
		type: 'options',
		options: [
			{
				name: 'Automatic',
				value: 'auto',
				description: 'Sleeps where a callback wakes this execution, else looks at intervals',
			},
			{
				name: 'Callback',
				value: 'callback',
				description:
					'Sleeps in the database of n8n until the API calls back. Holds no worker and survives restarts.',
			},
			{
				name: 'Poll',
				value: 'poll',
				description: 'Stays running and looks at the task at intervals',
			},
		],
		default: 'auto',
		description:
			'How to wait. With Callback, Create Video must have this execution as its callback.',
		// As a tool of an AI Agent the node always polls.
		displayOptions: { show: { operation: WAITING }, hide: { '@tool': [true] } },
	},
	{
		displayName: 'Timeout (Minutes)',
		name: 'timeout',
		type: 'number',
		typeOptions: { minValue: TIMEOUT_MINUTES.min, maxValue: TIMEOUT_MINUTES.max },
		default: DEFAULT_TIMEOUT_MINUTES,
		description:
			'How long to wait at most, for all items together. Most videos take 1 to 15 minutes. After the timeout, what is ready and what is not are passed on, the latter with “timedOut” set to true.',
		displayOptions: { show: { operation: WAITING } },
	},
];

export const pollIntervalOption: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: MIN_POLL_INTERVAL_SECONDS },
	default: DEFAULT_POLL_INTERVAL_SECONDS,
	description: 'How long to pause before reading the task again. The pauses grow by and by.',
	displayOptions: { show: { '/operation': WAITING } },
};

function throwOnFailure(show: NonNullable<IDisplayOptions['show']>): INodeProperties {
	return {
		displayName: 'Throw on Failure',
		name: 'throwOnFailure',
		type: 'boolean',
		default: false,
		description:
			'Whether to stop the workflow when a video failed, instead of passing on an item with the status “failed”',
		displayOptions: { show },
	};
}

/** Two fields of one name: a wait can stop the run only while it is not suspended. */
export const throwOnFailureOptions: INodeProperties[] = [
	throwOnFailure({ '/operation': [OPERATIONS.getTask] }),
	throwOnFailure({ '/operation': WAITING, '/waitStrategy': ['poll'] }),
];

/** Whether a task that failed is an error of its item. */
export function readThrowOnFailure(settings: Settings): boolean {
	return settings.option('throwOnFailure', false) === true;
}

export interface WaitSettings {
	strategy: WaitStrategy;
	timeoutMs: number;
	intervalMs: number;
	/** Whether a task that failed stops the run: a suspended node cannot, so only with `poll`. */
	throwOnFailure: boolean;
}

/**
 * How long and how often to wait.
 *
 * @param mustPoll whether this run cannot be suspended
 * @throws {InvalidParameterError} when a value is not a number in its range
 */
export function readWaitSettings(settings: Settings, mustPoll: boolean): WaitSettings {
	const timeoutMinutes = toNumber(
		'Timeout',
		settings.get('timeout', DEFAULT_TIMEOUT_MINUTES),
		TIMEOUT_MINUTES,
	);
	const strategy = mustPoll ? 'poll' : readStrategy(settings);
	const intervalSeconds = toNumber(
		'Poll Interval',
		settings.option('pollInterval', DEFAULT_POLL_INTERVAL_SECONDS),
		{ min: 0, max: TIMEOUT_MINUTES.max * 60 },
	);
	return {
		strategy,
		throwOnFailure: strategy === 'poll' && readThrowOnFailure(settings),
		timeoutMs: timeoutMinutes * 60_000,
		intervalMs: Math.max(intervalSeconds, MIN_POLL_INTERVAL_SECONDS) * 1000,
	};
}

function readStrategy(settings: Settings): WaitStrategy {
	const value = settings.get('waitStrategy', 'auto');
	const strategy = strategySchema.safeParse(value);
	if (strategy.success) return strategy.data;
	throw new InvalidParameterError(
		'Wait Strategy',
		`“${quote(value)}” is not one of them`,
		'Use auto, callback or poll.',
	);
}
