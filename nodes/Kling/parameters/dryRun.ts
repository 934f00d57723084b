import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { CREATING } from './operation';
import { InvalidParameterError, type Settings, settingsOf, toBoolean } from './read';

export const dryRunOption: INodeProperties = {
	displayName: 'Dry Run',
	name: 'dryRun',
	type: 'boolean',
	default: false,
	description:
		'Whether to check everything, images and balance included, and show what would be sent, without creating or spending anything',
	displayOptions: { show: { '/operation': CREATING } },
};

/** @throws {InvalidParameterError} unless it is true or false */
export function readDryRun(settings: Settings): boolean {
	return toBoolean(settings.option(dryRunOption));
}

/**
 * Whether nothing is to be created in this run. All items have to agree: one that was meant as a try
 * must not be paid for.
 *
 * @throws {InvalidParameterError} when an item has no clear value, or they differ
 */
export function readDryRunOfAll(
	context: Pick<IExecuteFunctions, 'getInputData' | 'getNodeParameter'>,
): boolean {
	const wanted = new Set(
		context.getInputData().map((_, itemIndex) => readDryRun(settingsOf(context, itemIndex))),
	);
	if (wanted.size < 2) return wanted.has(true);
	throw new InvalidParameterError(
		dryRunOption.displayName,
		'is on for some items and off for others',
		'Set it to the same for all items of a run, or send them through two nodes.',
	);
}
