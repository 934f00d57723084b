import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { parseNumber } from '../task/request';
import type { WaitStrategy } from '../waiting/strategy';
import { readStrategy } from '../waiting/strategy';
import { DEFAULT_POLL_INTERVAL_SECONDS, MIN_POLL_INTERVAL_SECONDS } from '../waiting/poll';

const optionsSchema = z.record(z.unknown()).catch({});

/** The Options collection of one item. */
export function readOptions(
	context: IExecuteFunctions,
	itemIndex: number,
): Record<string, unknown> {
	return optionsSchema.parse(context.getNodeParameter('options', itemIndex, {}));
}

/** Whether the item is the simplified task rather than the API's own object. */
function readSimplify(context: IExecuteFunctions, itemIndex: number): boolean {
	return context.getNodeParameter('simplify', itemIndex, true) !== false;
}

const DEFAULT_OUTPUT_FIELD = 'data';

const downloadSchema = z.object({
	downloadVideo: z.boolean().catch(false).default(false),
	outputBinaryField: z.string().catch('').default(''),
});

/** The binary field that an item's video goes to; null when Download Video is off. */
export function downloadFieldOf(options: unknown): string | null {
	const wish = downloadSchema.safeParse(options);
	if (!wish.success || !wish.data.downloadVideo) return null;
	return wish.data.outputBinaryField.trim() || DEFAULT_OUTPUT_FIELD;
}

/** How one item's task is passed on. */
export function readResultOptions(
	context: IExecuteFunctions,
	itemIndex: number,
): { simplify: boolean; downloadField: string | null } {
	return {
		simplify: readSimplify(context, itemIndex),
		downloadField: downloadFieldOf(readOptions(context, itemIndex)),
	};
}

export const DEFAULT_CONCURRENCY = 5;
export const CONCURRENCY = { min: 1, max: 50 } as const;

/** How many requests of this run may be under way at once. */
export function readConcurrency(context: IExecuteFunctions): number {
	const { concurrency } = readOptions(context, 0);
	return Math.floor(parseNumber('Concurrency', concurrency ?? DEFAULT_CONCURRENCY, CONCURRENCY));
}

/** One wait is for at most 30 days. */
export const TIMEOUT_MINUTES = { min: 0, max: 43_200 } as const;
export const DEFAULT_TIMEOUT_MINUTES = 30;

export interface WaitSettings {
	strategy: WaitStrategy;
	timeoutMs: number;
	intervalMs: number;
	/** Whether a task that failed stops the run: a suspended node cannot, so only with `poll`. */
	throwOnFailure: boolean;
}

/**
 * How long and how often, from the first item: one run is one wait.
 *
 * @throws {InvalidParameter} when a value is no number in its range
 */
export function readWaitSettings(context: IExecuteFunctions): WaitSettings {
	const timeoutMinutes = parseNumber(
		'Timeout',
		context.getNodeParameter('timeout', 0, DEFAULT_TIMEOUT_MINUTES),
		TIMEOUT_MINUTES,
	);
	const strategy = readStrategy(context);
	const { pollInterval, throwOnFailure } = readOptions(context, 0);
	const intervalSeconds = parseNumber(
		'Poll Interval',
		pollInterval ?? DEFAULT_POLL_INTERVAL_SECONDS,
		{ min: 0, max: TIMEOUT_MINUTES.max * 60 },
	);
	return {
		strategy,
		throwOnFailure: strategy === 'poll' && throwOnFailure === true,
		timeoutMs: timeoutMinutes * 60_000,
		intervalMs: Math.max(intervalSeconds, MIN_POLL_INTERVAL_SECONDS) * 1000,
	};
}
