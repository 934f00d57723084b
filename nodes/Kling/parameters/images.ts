import type { INodeProperties } from 'n8n-workflow';
import { z } from 'zod';

import { isHttpUrl } from '../api/address';
import { CREATING } from './operation';
import { InvalidParameterError, quote, type Settings } from './read';

/** The names in the panel, for refusals. */
export const IMAGE_URLS = 'Image URLs';
export const INPUT_DATA_FIELD = 'Input Data Field Name';

const DEFAULT_BINARY_FIELD = 'data';

export const imageFields: INodeProperties[] = [
	{
		displayName: 'Image Source',
		name: 'imageSource',
		type: 'options',
		options: [
			{
				name: 'File',
				value: 'binary',
				description: 'A file that comes with the item, from a form, a drive or another node',
			},
			{ name: 'URL', value: 'url', description: 'A picture on the web' },
		],
		default: 'url',
		displayOptions: { show: { operation: CREATING } },
	},
	{
		displayName: INPUT_DATA_FIELD,
		name: 'binaryPropertyName',
		type: 'string',
		required: true,
		default: DEFAULT_BINARY_FIELD,
		placeholder: 'e.g. data',
		hint: 'The name of the input field containing the file to use',
		description:
			'JPEG, PNG or WebP, at most 10 MB. Separate several with commas. The API fetches it from this n8n, so n8n must have a public address.',
		displayOptions: { show: { operation: CREATING, imageSource: ['binary'] } },
	},
	{
		displayName: IMAGE_URLS,
		name: 'imageUrls',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. https://example.com/cat.jpg',
		description:
			'Public http(s) address of the image to animate: JPEG, PNG or WebP, at most 10 MB. Separate several with spaces or line breaks.',
		displayOptions: { show: { operation: CREATING, imageSource: ['url'] } },
	},
];

export const checkImagesOption: INodeProperties = {
	displayName: 'Check Images',
	name: 'checkImages',
	type: 'boolean',
	default: false,
	description:
		'Whether to look at each image address first and spend nothing when one is missing, too large or no picture',
	displayOptions: { show: { '/operation': CREATING, '/imageSource': ['url'] } },
};

/** Where one item's images come from. */
export type ImageSettings =
	/** `checked`: whether the addresses are looked at before anything is spent. */
	| { source: 'url'; urls: string[]; checked: boolean }
	/** The names of the data fields, at least one. */
	| { source: 'binary'; fields: string[] };

/** @throws {InvalidParameterError} when there is no image, or an address is not http(s) */
export function readImageSettings(settings: Settings): ImageSettings {
	if (settings.get('imageSource', 'url') === 'binary') {
		return {
			source: 'binary',
			fields: toFieldNames(settings.get('binaryPropertyName', DEFAULT_BINARY_FIELD)),
		};
	}
	return {
		source: 'url',
		urls: toImageUrls(settings.get('imageUrls', '')),
		checked: settings.option('checkImages', false) === true,
	};
}

function toFieldNames(value: unknown): string[] {
	const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : [];
	const fields = names.filter((name) => name !== '');
	if (fields.length > 0) return fields;
	throw new InvalidParameterError(
		INPUT_DATA_FIELD,
		'it is empty',
		'Name the field that holds the image file, such as “data”.',
	);
}

function flatten(value: unknown): unknown[] {
	if (Array.isArray(value)) return value.flatMap(flatten);
	if (typeof value !== 'string') return value === null || value === undefined ? [] : [value];
	const trimmed = value.trim();
	if (trimmed.startsWith('[')) {
		const parsed = z.array(z.unknown()).safeParse(parseJson(trimmed));
		if (parsed.success) return parsed.data.flatMap(flatten);
	}
	return trimmed.split(/,?\s+/).filter((part) => part !== '');
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/**
 * The image addresses in the order given: from one text with spaces or line breaks between them,
 * a JSON array as text (AI Agents write those), or an array of any depth.
 *
 * @throws {InvalidParameterError} when there is none, or one is no http(s) address
 */
export function toImageUrls(value: unknown): string[] {
	const urls = flatten(value);
	if (urls.length === 0) {
		throw new InvalidParameterError(
			IMAGE_URLS,
			'there is no image',
			'Kling 2.6 turns an image into a video: give at least one image address.',
		);
	}
	return urls.map((url) => {
		if (typeof url === 'string' && isHttpUrl(url)) return url;
		throw new InvalidParameterError(
			IMAGE_URLS,
			`“${quote(url)}” is no http(s) address`,
			'Give the full address of each image, starting with https://.',
		);
	});
}
