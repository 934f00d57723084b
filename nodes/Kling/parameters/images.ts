import type { IBinaryData, INodeProperties } from 'n8n-workflow';

import { Failure, Refusal, type Settled } from '../api/failure';
import { toAddresses } from './addresses';
import { CREATING } from './operation';
import { filledByModel } from './panel';
import { holdsObjectInText, listOf, quote, toChoice, toEntries, toOptionalText } from './readers';
import { collect, type Settings } from './settings';

export const sourceField: INodeProperties = {
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
};

export const binaryField: INodeProperties = {
	displayName: 'Input Data Field Name',
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

export const urlsField: INodeProperties = {
	displayName: 'Image URLs',
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

/** Whether n8n itself takes this for a reference to a file. */
export function isFile(value: unknown): value is IBinaryData {
	return (
		typeof value === 'object' &&
		value !== null &&
		'mimeType' in value &&
		('id' in value || 'data' in value)
	);
}

/** At least one image of an item; a file as n8n's own nodes take it, by the name of its field or as a reference. */
export function readImageSettings(settings: Settings) {
	const source = settings.read(sourceField, (value) => toChoice(value, ['url', 'binary']));
	if (source instanceof Failure) return source;
	return source === 'url'
		? collect({ urls: settings.read(urlsField, toAddresses) })
		: collect({ fields: settings.read(binaryField, toBinaryFields) });
}

/** The files in the order given: names with commas or line breaks between them, references, or a list. */
function toBinaryFields(value: unknown): Settled<Array<string | IBinaryData>> {
	const fields = toEntries(value, /[,\r\n]+/).map(toBinaryField);
	return listOf(fields, value, 'Name the field that holds the image file, such as “data”.');
}

function toBinaryField(entry: unknown): Settled<string | IBinaryData> {
	if (isFile(entry)) return entry;
	if (typeof entry === 'string' && holdsObjectInText(entry)) {
		const hint = 'Remove everything around the {{ }}, line breaks too.';
		return new Refusal(`is ${quote(entry)}`, hint);
	}
	const name = toOptionalText(entry, '');
	return name instanceof Failure ? name : name.trim();
}
