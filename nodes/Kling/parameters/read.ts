import type { IExecuteFunctions } from 'n8n-workflow';

import { Failure, Refusal, type Settled, Thrown } from '../api/failure';
import { type Settings, settingsOf } from './settings';

/** For the rooms that still throw: it goes with the last of them. */
export class InvalidParameterError extends Error {
	constructor(
		parameter: string,
		reason: string,
		readonly hint: string,
	) {
		super(`'${parameter}' ${reason}`);
	}
}

export function orThrow<T>(settled: Settled<T>): T {
	if (!(settled instanceof Failure)) return settled;
	if (settled instanceof Thrown) throw settled.error;
	const error = new InvalidParameterError('', '', settled instanceof Refusal ? settled.hint : '');
	error.message = settled.message;
	throw error;
}

export function readForRun<T>(
	context: Pick<IExecuteFunctions, 'getNodeParameter' | 'getInputData'>,
	read: (settings: Settings) => T,
): T {
	for (const itemIndex of context.getInputData().keys()) {
		try {
			return read(settingsOf(context, itemIndex));
		} catch {
			// It is refused by itself.
		}
	}
	return read(settingsOf(context, 0));
}

export function readDryRunOfAll(
	context: Pick<IExecuteFunctions, 'getInputData' | 'getNodeParameter'>,
	read: (settings: Settings) => boolean,
): boolean {
	const wanted = new Set(
		context.getInputData().map((_, itemIndex) => read(settingsOf(context, itemIndex))),
	);
	if (wanted.size < 2) return wanted.has(true);
	throw new InvalidParameterError(
		'Dry Run',
		'is on for some items and off for others',
		'Set it to the same for all items of a run, or send them through two nodes.',
	);
}
