import { z } from 'zod';

import { isHttpUrl } from '../api/address';
import { holdsObjectInText, quote } from './quote';
import { emptiness, type Given, InvalidParameterError, parseJson } from './read';
import { sharePageHint } from './sharePages';

/** An address as a table gives it: an attachment. */
const attachmentSchema = z.object({ url: z.unknown() });

/** What stands between addresses, blanks without width included, which come with copied text. */
const SEPARATOR = /([\s\u200b\u2060,;]+)/;

/** What begins an address in a text: a comma or semicolon before anything else is part of one. */
const BEGINNING = /^([a-z][a-z\d+.-]*:\/\/|data:)/i;

/** What begins one more address in an entry of an array, which should be one alone. */
const BEGINNING_IN_ENTRY = /^https?:\/\//i;

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
	const text = value.trim();
	if (/^[[{"]/.test(text)) {
		const parsed = parseJson(text);
		if (parsed !== undefined) return collect(parameter, parsed, true);
	}
	return split(text, isEntry).map((part) => toAddress(parameter, part, isEntry));
}

/** The addresses within a trimmed text, at whose ends separators mean nothing; in an entry they are part of it. */
function split(text: string, isEntry: boolean): string[] {
	const beginning = isEntry ? BEGINNING_IN_ENTRY : BEGINNING;
	const parts: string[] = [];
	let separator = '';
	for (const [index, piece] of text.split(SEPARATOR).entries()) {
		const last = parts.at(-1);
		if (index % 2 === 1) separator = piece;
		else if (piece === '') continue;
		else if (last === undefined || beginning.test(piece)) parts.push(piece);
		else parts[parts.length - 1] = last + separator + piece;
	}
	const end = parts.pop();
	if (end === undefined) return [];
	const rest = /[,;]*$/.exec(text)?.[0] ?? '';
	return [...parts, isEntry && !end.endsWith(rest) ? end + rest : end];
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
