import type { IBinaryData } from 'n8n-workflow';
import { z } from 'zod';

import { quote } from './quote';
import { emptiness, type Given, InvalidParameterError, notText, toEntries } from './read';

/** A file of an item, as n8n's own nodes take it: by its field's name, or as a reference to it. */
export type BinaryField = string | IBinaryData;

/** Whether n8n itself takes this for a reference to a file. */
export function isFile(value: unknown): boolean {
	return (
		typeof value === 'object' &&
		value !== null &&
		'mimeType' in value &&
		('id' in value || 'data' in value)
	);
}

const referenceSchema = z.custom<IBinaryData>(isFile);

/** All files of an item, as `$binary` gives them. */
const filesSchema = z.record(referenceSchema);

const HINT = 'Name the field that holds the image file, such as “data”.';

/**
 * The files in the order given: a name, several with commas or line breaks between them, a list of
 * names, a reference such as `{{ $binary.data }}`, or several.
 *
 * @throws {InvalidParameterError} when there is none, or one is neither a name nor a reference
 */
export function toBinaryFields(given: Given): BinaryField[] {
	const entries = toEntries(given.value, /[,\r\n]+/);
	const fields = entries.flatMap((entry) => toFields(given.parameter, entry));
	if (fields.length > 0) return fields;
	throw emptiness(given, HINT);
}

function toFields(parameter: string, entry: unknown): BinaryField[] {
	if (typeof entry === 'number') return [String(entry)];
	if (typeof entry === 'string') {
		if (!entry.includes('[object ')) return [entry.trim()];
		throw new InvalidParameterError(
			parameter,
			`is ${quote(entry)}`,
			'Remove everything around the {{ }}, line breaks too.',
		);
	}
	const reference = referenceSchema.safeParse(entry);
	if (reference.success) return [reference.data];
	const files = filesSchema.safeParse(entry);
	if (files.success) return Object.values(files.data);
	throw notText({ parameter, value: entry });
}
