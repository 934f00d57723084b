import { z } from 'zod';

import { isHttpUrl } from '../api/address';
import { parseJson } from '../n8n/http';
import { holdsObjectInText, quote } from './quote';
import { Invalid, listOf } from './readers';
import { sharePageHint } from './sharePages';

/** An address as a table gives it: an attachment. */
const attachmentSchema = z.object({ url: z.unknown() });

/** What stands between addresses, blanks without width included, which come with copied text. */
const SEPARATOR = /([\s\u200b\u2060,;]+)/;

/** What begins an address: a comma or semicolon before anything else is part of one. */
const BEGINNING = { inText: /^([a-z][a-z\d+.-]*:\/\/|data:)/i, inEntry: /^https?:\/\//i };

/**
 * The http(s) addresses in the order given: from one text with blanks, line breaks, commas or
 * semicolons between them, a JSON array as text (AI Agents write those), or an array of any depth.
 * An array's entry is one address, in which blanks are encoded; an object counts by its `url`.
 */
export function toAddresses(value: unknown): string[] | Invalid {
	const hint = 'Kling 2.6 turns an image into a video: give at least one image address.';
	return listOf(addressesIn(value, false), value, hint);
}

/** @param isEntry whether the value stands in a list, and so is one address */
function addressesIn(value: unknown, isEntry: boolean): Array<string | Invalid> {
	if (value === null || value === undefined) return [];
	if (Array.isArray(value)) return value.flatMap((entry) => addressesIn(entry, true));
	const attachment = attachmentSchema.safeParse(value);
	if (attachment.success && attachment.data.url !== undefined) {
		return addressesIn(attachment.data.url, true);
	}
	if (typeof value !== 'string' || holdsObjectInText(value)) return [notAnAddress(value)];
	// Feeds and pages are copied with their own way of writing “&”.
	const text = value.trim().replaceAll('&amp;', '&');
	if (/^[[{"]/.test(text)) {
		const parsed = parseJson(text);
		if (parsed !== undefined) return addressesIn(parsed, true);
	}
	return split(text, isEntry).map((part) => toAddress(part, isEntry));
}

/** The addresses within a trimmed text, at whose ends separators mean nothing; in an entry they are part of it. */
function split(text: string, isEntry: boolean): string[] {
	const beginning = isEntry ? BEGINNING.inEntry : BEGINNING.inText;
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

function toAddress(text: string, isEntry: boolean): string | Invalid {
	const address = isEntry ? text.replace(/[^\S\r\n\t]/g, encodeURIComponent) : text;
	if (/\s/.test(address)) {
		return new Invalid(
			`holds an address with a blank in it: ${quote(text)}`,
			'Write each blank within an address as %20, and begin each address with https://.',
		);
	}
	if (!isHttpUrl(address)) return notAnAddress(text);
	const hint = sharePageHint(new URL(address));
	const reason = `is ${quote(address)}, which is a page that shows a file, not the file itself`;
	return hint === null ? address : new Invalid(reason, hint);
}

function notAnAddress(value: unknown): Invalid {
	return new Invalid(`is ${quote(value)}, not an http(s) address`, hintFor(value));
}

function hintFor(value: unknown): string {
	if (typeof value !== 'string' || holdsObjectInText(value)) {
		return 'Choose the field that holds the address, such as {{ $json.image.url }}.';
	}
	return /^data:/i.test(value)
		? 'The API takes no image within a text. Convert it to a file first, and set Image Source to File.'
		: 'Give the full address of each image, starting with https://.';
}
