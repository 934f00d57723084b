import type { INodeProperties } from 'n8n-workflow';

import type { Settled } from '../api/failure';
import { OPERATIONS } from './operation';
import { Invalid, ofLength, toOptionalText } from './readers';
import type { Settings } from './settings';

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

/** What the user wants to get back with the finished task; null for nothing. */
export function readReference(settings: Settings): Settled<string | null> {
	return settings.option(referenceOption, (value) => {
		const text = toOptionalText(value, 'Set it to a text, or remove it.');
		if (text instanceof Invalid) return text;
		const hint = 'Use an ID rather than the data themselves.';
		return ofLength(MAX_REFERENCE_LENGTH, text.trim(), hint) || null;
	});
}

/** The same limit, for what comes back: anyone who knows the trigger's address can send anything. */
export function isReference(value: string): boolean {
	return value !== '' && [...value].length <= MAX_REFERENCE_LENGTH;
}
