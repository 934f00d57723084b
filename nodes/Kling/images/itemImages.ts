import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

import { isReachableFromApi } from '../api/address';
import { readStart } from '../n8n/streams';
import { type ImageSettings, INPUT_DATA_FIELD as PARAMETER } from '../parameters/images';
import type { BinaryField } from '../parameters/binaryFields';
import { InvalidParameterError } from '../parameters/read';
import type { ImageType } from './imageType';
import { formatMegabytes, imageTypeOf, MAX_IMAGE_BYTES, SIGNATURE_LENGTH } from './imageType';

/** How long the API may fetch an image: far longer than any task runs. */
const ADDRESS_VALIDITY = '2 days';

/** The images of one item. */
export interface ItemImages {
	/** What the API is given. */
	urls: string[];
	/** What stays the same when the same item is tried again: signed addresses do not. */
	identities: string[];
}

/**
 * The images of one item, from addresses or from its files.
 *
 * @throws {InvalidParameterError} when a file is not an image that the API takes, or the API cannot
 *   fetch it
 * @throws NodeOperationError when the item has no such field
 */
export async function readImages(
	context: IExecuteFunctions,
	itemIndex: number,
	settings: ImageSettings,
	apiBaseUrl: string,
): Promise<ItemImages> {
	if (settings.source === 'url') return { urls: settings.urls, identities: settings.urls };
	return await imagesFromBinary(context, itemIndex, settings.fields, apiBaseUrl);
}

/** Signed addresses on this n8n that need no login: the API takes addresses only (API docs). */
async function imagesFromBinary(
	context: IExecuteFunctions,
	itemIndex: number,
	fields: readonly BinaryField[],
	apiBaseUrl: string,
): Promise<ItemImages> {
	const images: ItemImages = { urls: [], identities: [] };
	for (const field of fields) {
		const binary =
			typeof field === 'string' ? context.helpers.assertBinaryData(itemIndex, field) : field;
		const name = typeof field === 'string' ? field : (field.fileName ?? 'the file');
		const { id } = binary;
		if (id === undefined) {
			throw new InvalidParameterError(
				PARAMETER,
				`cannot be used, since “${name}” is kept in memory, where the API cannot fetch it`,
				'Set the environment variable N8N_DEFAULT_BINARY_DATA_MODE of n8n to “filesystem”, or give the image by its address.',
			);
		}
		const type = await checkBinary(context, name, binary, id);
		const url = context.helpers.createBinarySignedUrl(
			await ownCopy(context, binary, id, type),
			ADDRESS_VALIDITY,
		);
		if (!isReachableFromApi(url, apiBaseUrl)) {
			throw new InvalidParameterError(
				PARAMETER,
				`cannot be used, since the AI Video API cannot reach this n8n at ${new URL(url).origin} to fetch “${name}”`,
				'Set the environment variable WEBHOOK_URL of n8n to the public address of this instance, or give the image by its address.',
			);
		}
		images.urls.push(url);
		// n8n moves a file, but keeps the last part of its id.
		images.identities.push(id.slice(id.lastIndexOf('/') + 1));
	}
	return images;
}

/**
 * A copy that belongs to this execution. A file that came by a webhook or form is kept under a
 * provisional id, and n8n moves it as soon as the execution ends or is suspended: its signed address
 * would then lead nowhere (n8n 2.41, filesystem mode).
 *
 * n8n serves it under the type that the copy is given, whatever type the file was said to have.
 */
async function ownCopy(
	context: IExecuteFunctions,
	{ fileName }: IBinaryData,
	id: string,
	type: ImageType,
): Promise<IBinaryData> {
	const stream = await context.helpers.getBinaryStream(id);
	return await context.helpers.prepareBinaryData(stream, fileName, type);
}

/** @throws {InvalidParameterError} when the file is too large, or its content no image for the API */
async function checkBinary(
	context: IExecuteFunctions,
	name: string,
	binary: IBinaryData,
	id: string,
): Promise<ImageType> {
	const bytes = binary.bytes ?? (await context.helpers.getBinaryMetadata(id)).fileSize;
	if (bytes > MAX_IMAGE_BYTES) {
		throw new InvalidParameterError(
			PARAMETER,
			`names “${name}”, which has ${formatMegabytes(bytes)}, and at most 10 MB are allowed`,
			'Make the image smaller first, for example with the Edit Image node.',
		);
	}
	const stream = await context.helpers.getBinaryStream(id);
	const type = imageTypeOf(await readStart(stream, SIGNATURE_LENGTH));
	if (type !== null) return type;
	throw new InvalidParameterError(
		PARAMETER,
		`names “${name}”, which is not a JPEG, PNG or WebP image`,
		'Its content counts, not its name. Convert it first, for example with the Edit Image node.',
	);
}
