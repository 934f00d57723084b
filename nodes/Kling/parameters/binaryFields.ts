import type { IBinaryData } from 'n8n-workflow';
import { z } from 'zod';

import { holdsObjectInText, quote } from './quote';
import { emptiness, Invalid, notText, toEntries } from './readers';

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

/**
 * The files in the order given: a name, several with commas or line breaks between them, a list of
 * names, a reference such as `{{ $binary.data }}`, or several.
 */
export function toBinaryFields(value: unknown): BinaryField[] | Invalid {
	const fields: BinaryField[] = [];
	for (const entry of toEntries(value, /[,\r\n]+/)) {
		const files = filesIn(entry);
		if (files instanceof Invalid) return files;
		fields.push(...files);
	}
	if (fields.length > 0) return fields;
	return emptiness(value, 'Name the field that holds the image file, such as “data”.');
}

function filesIn(entry: unknown): BinaryField[] | Invalid {
	if (typeof entry === 'number') return [String(entry)];
	if (typeof entry === 'string') {
		if (!holdsObjectInText(entry)) return [entry.trim()];
		return new Invalid(
			`is ${quote(entry)}`,
			'Remove everything around the {{ }}, line breaks too.',
		);
	}
	const reference = referenceSchema.safeParse(entry);
	if (reference.success) return [reference.data];
	const files = filesSchema.safeParse(entry);
	return files.success ? Object.values(files.data) : notText(entry);
}
