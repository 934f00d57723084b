import type { IBinaryData, INodeProperties } from 'n8n-workflow';

import { Failure, type Settled } from '../api/failure';
import { toAddresses } from './addresses';
import { CREATING } from './operation';
import { holdsObjectInText, quote } from './quote';
import { Invalid, listOf, notText, toBoolean, toChoice, toEntries } from './readers';
import { collect, type Settings } from './settings';
import { readDryRun } from './spending';
import { filledByModel } from './tool';

/** The names in the panel, for refusals. */
export const IMAGE_SOURCE = 'Image Source';
export const IMAGE_URLS = 'Image URLs';
export const INPUT_DATA_FIELD = 'Input Data Field Name';

const sourceField: INodeProperties = {
	displayName: IMAGE_SOURCE,
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
};

const binaryField: INodeProperties = {
	displayName: INPUT_DATA_FIELD,
	name: 'binaryPropertyName',
	type: 'string',
	required: true,
	default: 'data',
	placeholder: 'e.g. data',
	hint: 'The name of the input field containing the file to use',
	description:
		'JPEG, PNG or WebP, at most 10 MB. Separate several with commas. The API fetches it from this n8n, so n8n must have a public address.',
	displayOptions: { show: { operation: CREATING, imageSource: ['binary'] } },
};

const urlsField: INodeProperties = {
	displayName: IMAGE_URLS,
	name: 'imageUrls',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. https://example.com/cat.jpg',
	description:
		'Public http(s) address of the image to animate: JPEG, PNG or WebP, at most 10 MB. Separate several with spaces or line breaks.',
	displayOptions: { show: { operation: CREATING, imageSource: ['url'] } },
};

export const imageFields: INodeProperties[] = [
	sourceField,
	binaryField,
	...filledByModel(urlsField, 'Public address of the image to animate, starting with https://'),
];

export const checkImagesOption: INodeProperties = {
	displayName: 'Check Images',
	name: 'checkImages',
	type: 'boolean',
	default: false,
	description:
		'Whether to look at each image first and spend nothing when one is missing, too large or no picture',
	displayOptions: { show: { '/operation': CREATING } },
};

/** A file of an item, as n8n's own nodes take it: by its field's name, or as a reference to it. */
export type BinaryField = string | IBinaryData;

/** Whether n8n itself takes this for a reference to a file. */
export function isFile(value: unknown): value is IBinaryData {
	return (
		typeof value === 'object' &&
		value !== null &&
		'mimeType' in value &&
		('id' in value || 'data' in value)
	);
}

/** Where one item's images come from, at least one; `checked`: each is looked at before anything is spent. */
export type ImageSettings = { checked: boolean } & (
	| { source: 'url'; urls: string[] }
	| { source: 'binary'; fields: BinaryField[] }
);

export function readImageSettings(settings: Settings): Settled<ImageSettings> {
	const source = settings.read(sourceField, (value) => toChoice(value, ['url', 'binary']));
	const checks = collect({
		checkImages: settings.option(checkImagesOption, toBoolean),
		dryRun: readDryRun(settings),
	});
	const checked = checks instanceof Failure ? checks : checks.checkImages || checks.dryRun;
	if (source instanceof Failure) return source;
	return source === 'url'
		? collect({ source, urls: settings.read(urlsField, toAddresses), checked })
		: collect({ source, fields: settings.read(binaryField, toBinaryFields), checked });
}

/**
 * The files in the order given: a name, several with commas or line breaks between them, a list of
 * names, a reference such as `{{ $binary.data }}`, or several.
 */
function toBinaryFields(value: unknown): BinaryField[] | Invalid {
	const fields = toEntries(value, /[,\r\n]+/).map(toBinaryField);
	return listOf(fields, value, 'Name the field that holds the image file, such as “data”.');
}

function toBinaryField(entry: unknown): BinaryField | Invalid {
	if (isFile(entry)) return entry;
	if (typeof entry === 'number') return String(entry);
	if (typeof entry !== 'string') return notText(entry);
	return holdsObjectInText(entry)
		? new Invalid(`is ${quote(entry)}`, 'Remove everything around the {{ }}, line breaks too.')
		: entry.trim();
}
