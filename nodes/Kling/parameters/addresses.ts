import { z } from 'zod';

import { isHttpUrl } from '../api/address';
import { Refusal, type Settled } from '../api/failure';
import { parseJson } from '../n8n/http';
import { holdsObjectInText, isMissing, listOf, quote } from './readers';
import { sharePageHint } from './sharePages';

/** An address as a table gives it. */
const attachmentSchema = z.object({ url: z.string() });

/**
 * What stands between the addresses in a text, and at its ends; blanks without width come with copied
 * text. A comma or semicolon before anything but an address is part of the one it follows.
 */
const BETWEEN = /(?<![\s\u200b\u2060,;])[\s\u200b\u2060,;]+(?=$|[a-z][a-z\d+.-]*:\/\/|data:)/i;

/** The same in the entry of a list, which should be one address. */
const BETWEEN_IN_ENTRY =
	/(?<![\s\u200b\u2060,;])[\s\u200b\u2060,;]+(?=https?:\/\/)|[\u200b\u2060]+$/i;

/**
 * The http(s) addresses in the order given: from one text with blanks, line breaks, commas or
 * semicolons between them, a JSON array as text (AI Agents write those), or an array of any depth.
 * An array's entry is one address, in which blanks are encoded; an object counts by its `url`.
 */
export function toAddresses(value: unknown): Settled<string[]> {
	const hint = 'Kling 2.6 turns an image into a video: give at least one image address.';
	return listOf(addressesIn(value, false), value, hint);
}

/** @param isEntry whether the value stands in a list, and so is one address */
function addressesIn(value: unknown, isEntry: boolean): Array<Settled<string>> {
	if (isMissing(value)) return [];
	if (Array.isArray(value)) return value.flatMap((entry) => addressesIn(entry, true));
	const attachment = attachmentSchema.safeParse(value);
	if (attachment.success) return addressesIn(attachment.data.url, true);
	if (typeof value !== 'string' || holdsObjectInText(value)) return [notAnAddress(value)];
	// Feeds and pages are copied with their own way of writing “&”.
	const text = value.trim().replaceAll('&amp;', '&');
	const parsed = /^[[{"]/.test(text) ? parseJson(text) : undefined;
	if (parsed !== undefined) return addressesIn(parsed, true);
	const parts = text.split(isEntry ? BETWEEN_IN_ENTRY : BETWEEN).filter((part) => part !== '');
	return parts.map((part) => toAddress(part, isEntry));
}

function toAddress(text: string, isEntry: boolean): Settled<string> {
	const address = isEntry ? text.replace(/[^\S\r\n\t]/g, encodeURIComponent) : text;
	if (/\s/.test(address)) {
		return new Refusal(
			`holds an address with a blank in it: ${quote(text)}`,
			'Write each blank within an address as %20, and begin each address with https://.',
		);
	}
	if (!isHttpUrl(address)) return notAnAddress(text);
	const hint = sharePageHint(new URL(address));
	const reason = `is ${quote(address)}, which is a page that shows a file, not the file itself`;
	return hint === null ? address : new Refusal(reason, hint);
}

function notAnAddress(value: unknown): Refusal {
	const reason = `is ${quote(value)}, not an http(s) address`;
	if (typeof value !== 'string' || holdsObjectInText(value)) {
		const hint = 'Choose the field that holds the address, such as {{ $json.image.url }}.';
		return new Refusal(reason, hint);
	}
	const hint = /^data:/i.test(value)
		? 'The API takes no image within a text. Convert it to a file first, and set Image Source to File.'
		: 'Give the full address of each image, starting with https://.';
	return new Refusal(reason, hint);
}
