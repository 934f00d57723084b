import { z } from 'zod';

import { isHttpUrl } from '../api/address';
import { holdsObjectInText, quote } from './quote';
import { emptiness, type Given, InvalidParameterError, parseJson } from './read';
import { sharePageHint } from './sharePages';

/** An address as a table gives it: an attachment. */
const attachmentSchema = z.object({ url: z.unknown() });

/** Between two addresses: a comma or semicolon within one is not followed by another's beginning. */
const BETWEEN = /[\s,;]+(?=[a-z][a-z\d+.-]*:\/\/|data:)/i;

/** An entry of an array that holds several all the same. */
const BETWEEN_IN_ENTRY = /[\s,;]+(?=https?:\/\/)/i;

/** What is left of a text whose first or last entry is empty; copied text may end in blanks without width. */
const LOOSE_ENDS = /^[\s\u200b\u2060,;]+|[\s\u200b\u2060,;]+$/g;

/**
 * The http(s) addresses in the order given: from one text with blanks, line breaks, commas or
 * semicolons between them, a JSON array as text (AI Agents write those), or an array of any depth.
 * An array's entry is one address, in which blanks are encoded; an object counts by its `url`.
 *
 * @param none what to do when there is none
 * @throws {InvalidParameterError} when there is none, or one is not an http(s) address
 */
export function toAddresses(given: Given, none: string): string[] {
	const found = collect(given.parameter, given.value, false);
	if (found.length > 0) return found;
	throw emptiness(given, none);
}

/** @param isEntry whether the value stands in a list, and so is one address */
function collect(parameter: string, value: unknown, isEntry: boolean): string[] {
	if (value === null || value === undefined) return [];
	if (Array.isArray(value)) return value.flatMap((entry) => collect(parameter, entry, true));
	const attachment = attachmentSchema.safeParse(value);
	if (attachment.success && attachment.data.url !== undefined) {
		return collect(parameter, attachment.data.url, true);
	}
	if (typeof value !== 'string' || holdsObjectInText(value)) throw notAnAddress(parameter, value);
	const text = isEntry ? value.trim() : value.replace(LOOSE_ENDS, '');
	if (/^[[{"]/.test(text)) {
		const parsed = parseJson(text);
		if (parsed !== undefined) return collect(parameter, parsed, true);
	}
	return text
		.split(isEntry ? BETWEEN_IN_ENTRY : BETWEEN)
		.filter((part) => part !== '')
		.map((part) => toAddress(parameter, part, isEntry));
}

function toAddress(parameter: string, text: string, isEntry: boolean): string {
	const address = isEntry ? text.replace(/[^\S\r\n\t]/g, encodeURIComponent) : text;
	if (/\s/.test(address)) {
		throw new InvalidParameterError(
			parameter,
			`holds an address with a blank in it: ${quote(text)}`,
			'Write each blank within an address as %20, and begin each address with https://.',
		);
	}
	if (!isHttpUrl(address)) throw notAnAddress(parameter, text);
	const hint = sharePageHint(new URL(address));
	if (hint === null) return address;
	throw new InvalidParameterError(
		parameter,
		`is ${quote(address)}, which is a page that shows a file, not the file itself`,
		hint,
	);
}

function notAnAddress(parameter: string, value: unknown): InvalidParameterError {
	return new InvalidParameterError(
		parameter,
		`is ${quote(value)}, not an http(s) address`,
		hintFor(value),
	);
}

function hintFor(value: unknown): string {
	if (typeof value !== 'string' || holdsObjectInText(value)) {
		return 'Choose the field that holds the address, such as {{ $json.image.url }}.';
	}
	return /^data:/i.test(value)
		? 'The API takes no image within a text. Convert it to a file first, and set Image Source to File.'
		: 'Give the full address of each image, starting with https://.';
}
