import type { INodeProperties } from 'n8n-workflow';

import { OPERATIONS } from './operation';
import { InvalidParameterError, type Settings, toOptionalText } from './read';

/** The longest reference, in Unicode code points: it becomes a part of an address. */
const MAX_REFERENCE_LENGTH = 200;

export const referenceOption: INodeProperties = {
	displayName: 'Reference',
	name: 'reference',
	type: 'string',
	default: '',
	placeholder: 'e.g. row-42',
	description: `A text of your own, in at most ${MAX_REFERENCE_LENGTH} characters, that the Kling Trigger gives back with the finished video. Nothing proves that it comes from here, so do not use it as a password.`,
	displayOptions: { show: { '/operation': [OPERATIONS.create] } },
};

/**
 * What the user wants to get back with the finished task; null for nothing.
 *
 * @throws {InvalidParameterError} when it is no text, or too long
 */
export function readReference(settings: Settings): string | null {
	const given = settings.option(referenceOption);
	const reference = toOptionalText(given, 'Set it to a text, or remove it.').trim();
	const { length } = [...reference];
	if (length <= MAX_REFERENCE_LENGTH) return reference === '' ? null : reference;
	throw new InvalidParameterError(
		given.parameter,
		`has ${length} characters, and at most ${MAX_REFERENCE_LENGTH} are allowed`,
		'Use an ID rather than the data themselves.',
	);
}

/** The same limit, for what comes back: anyone who knows the trigger's address can send anything. */
export function isReference(value: string): boolean {
	return value !== '' && [...value].length <= MAX_REFERENCE_LENGTH;
}
