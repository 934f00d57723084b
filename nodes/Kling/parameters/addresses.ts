import { z } from 'zod';

import { isHttpUrl } from '../api/address';
import { Refusal, type Settled } from '../api/failure';
import { parseJson } from '../n8n/http';
import { holdsObjectInText, isMissing, listOf, quote } from './readers';

const attachmentSchema = z.object({ url: z.string() });

/**
 * What stands between the addresses in a text, and at its end; blanks without width come with copied
 * text. A comma or semicolon before anything but an address is part of the one it follows.
 */
const BETWEEN = /(?<![\s\u200b\u2060,;])[\s\u200b\u2060,;]+(?=$|[a-z][a-z\d+.-]*:\/\/|data:)/i;

/** The same in the entry of a list, which should be one address. */
const BETWEEN_IN_ENTRY =
	/(?<![\s\u200b\u2060,;])[\s\u200b\u2060,;]+(?=https?:\/\/)|[\u200b\u2060]+$/i;

/**
 * The http(s) addresses in a text, a JSON array as text (AI Agents write those), or an array of any depth,
 * whose entries are one address each, with blanks encoded. An object counts by its `url`.
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
	if (typeof value !== 'string' || holdsObjectInText(value)) {
		const hint = 'Choose the field that holds the address, such as {{ $json.image.url }}.';
		return [notAnAddress(value, hint)];
	}
	// Feeds and pages are copied with their own way of writing “&”.
	const text = value
		.replace(/^[\s\u200b\u2060,;]+/, '')
		.trim()
		.replaceAll('&amp;', '&');
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
	if (isHttpUrl(address)) return refuseSharePage(address) ?? address;
	const hint = /^data:/i.test(text)
		? 'The API takes no image within a text. Convert it to a file first, and set Image Source to File.'
		: 'Give the full address of each image, starting with https://.';
	return notAnAddress(text, hint);
}

function notAnAddress(value: unknown, hint: string): Refusal {
	return new Refusal(`is ${quote(value)}, not an http(s) address`, hint);
}

/**
 * Pages that show a file to people, by their address without scheme, and the address of the file itself:
 * `$&` where it is this one, null where there is none. The first that fits counts.
 */
const PAGES: ReadonlyArray<readonly [page: RegExp, file: string | null]> = [
	[/^(drive|docs)\.google\.com(\/u\/\d+)?\/(uc|thumbnail)/, '$&'],
	[
		/^(drive|docs)\.google\.com.*?(\/d\/|[?&]id=)([\w-]+).*/,
		'drive.google.com/uc?export=download&id=$3',
	],
	[/^(drive|docs)\.google\.com\//, null],
	[/^photos\.(google\.com|app\.goo\.gl)\//, null],
	[/^((www|m)\.)?dropbox\.com\/(sh|scl\/fo)\//, null],
	[/^((www|m)\.)?dropbox\.com\/.*[?&](raw|dl)=1/, '$&'],
	[/^(((www|m)\.)?dropbox\.com\/.*[?&])dl=\w*/, '$1raw=1'],
	[/^((www|m)\.)?dropbox\.com\/[^?]*$/, '$&?raw=1'],
	[/^((www|m)\.)?dropbox\.com\/.*/, '$&&raw=1'],
	[/^1drv\.ms\//, null],
	[/^onedrive\.live\.com\/(?!download(\?|$))/, null],
	// Its own viewers, of OneDrive and of a library.
	[/^[\w-]+\.sharepoint\.com[^?]*\/(_layouts\/\d+\/onedrive|Forms\/[^/?]+)\.aspx(\?|$)/i, null],
	[/^[\w-]+\.sharepoint\.com\/:\w:\/.*[?&]download=1/, '$&'],
	[/^[\w-]+\.sharepoint\.com\/:\w:\/[^?]*$/, '$&?download=1'],
	[/^[\w-]+\.sharepoint\.com\/:\w:\/.*/, '$&&download=1'],
	[/^(www\.)?github\.com\/.*[?&]raw=true/, '$&'],
	[/^(www\.)?github\.com\/([^/]+\/[^/]+)\/blob\//, 'raw.githubusercontent.com/$2/'],
	[/^(bitbucket\.org\/[^/]+\/[^/]+)\/src\//, '$1/raw/'],
	[/^(huggingface\.co\/[^?]*?)\/blob\//, '$1/resolve/'],
	[/^((codeberg\.org|gitea\.com)\/[^?]*?)\/src\/(branch|tag|commit)\//, '$1/raw/$3/'],
	// GitLab is at home on any host.
	[/^([^?]*?)\/-\/blob\//, '$1/-/raw/'],
];

function refuseSharePage(url: string): Refusal | null {
	const { protocol, host, pathname, search } = new URL(url);
	const address = `${host}${pathname}${search}`;
	const [page, file = null] = PAGES.find(([pattern]) => pattern.test(address)) ?? [];
	const direct = file === null || page === undefined ? null : address.replace(page, file);
	if (page === undefined || direct === address) return null;
	const download = 'download it first with the node of that service, and set Image Source to File.';
	return new Refusal(
		`is ${quote(url)}, which is a page that shows a file, not the file itself`,
		direct === null
			? `The file has no address of its own there: ${download}`
			: `Share the file with anyone who has the link, and give its direct address: ${protocol}//${direct}. Or ${download}`,
	);
}
