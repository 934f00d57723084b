import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

import { isReachableFromApi } from '../callback/address';
import { InvalidParameter } from '../task/request';
import type { ItemImages } from './images';
import { formatMegabytes, imageTypeOf, MAX_IMAGE_BYTES, SIGNATURE_LENGTH } from './imageType';
import { readStart } from './streams';

const PARAMETER = 'Input Binary Field';

/** How long the API may fetch an image: far longer than any task runs. */
const ADDRESS_VALIDITY = '2 days';

/**
 * The images in an item's binary fields, as signed addresses on this n8n that need no login: the
 * API takes addresses only (API docs).
 *
 * @param fields the names of the binary fields, comma-separated
 * @throws {InvalidParameter} when one is no image the API takes, or the API cannot fetch it
 * @throws NodeOperationError when the item has no such field
 */
export async function imagesFromBinary(
	context: IExecuteFunctions,
	itemIndex: number,
	fields: unknown,
	apiBaseUrl: string,
): Promise<ItemImages> {
	const names = typeof fields === 'string' ? fields.split(',').map((name) => name.trim()) : [];
	const wanted = names.filter((name) => name !== '');
	if (wanted.length === 0) {
		throw new InvalidParameter(
			PARAMETER,
			'it is empty',
			'Name the binary field that holds the image, such as “data”.',
		);
	}
	const images: ItemImages = { urls: [], identities: [] };
	for (const name of wanted) {
		const binary = context.helpers.assertBinaryData(itemIndex, name);
		const { id } = binary;
		if (id === undefined) {
			throw new InvalidParameter(
				PARAMETER,
				`“${name}” is kept in memory, where the API cannot fetch it`,
				'Set the environment variable N8N_DEFAULT_BINARY_DATA_MODE of n8n to “filesystem”, or give the image by its address.',
			);
		}
		await checkBinary(context, name, binary, id);
		const url = context.helpers.createBinarySignedUrl(
			await ownCopy(context, binary, id),
			ADDRESS_VALIDITY,
		);
		if (!isReachableFromApi(url, apiBaseUrl)) {
			throw new InvalidParameter(
				PARAMETER,
				`the AI Video API cannot reach this n8n at ${new URL(url).origin} to fetch “${name}”`,
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
 */
async function ownCopy(
	context: IExecuteFunctions,
	{ fileName, mimeType }: IBinaryData,
	id: string,
): Promise<IBinaryData> {
	const stream = await context.helpers.getBinaryStream(id);
	return await context.helpers.prepareBinaryData(stream, fileName, mimeType);
}

async function checkBinary(
	context: IExecuteFunctions,
	name: string,
	binary: IBinaryData,
	id: string,
): Promise<void> {
	const bytes = binary.bytes ?? (await context.helpers.getBinaryMetadata(id)).fileSize;
	if (bytes > MAX_IMAGE_BYTES) {
		throw new InvalidParameter(
			PARAMETER,
			`“${name}” has ${formatMegabytes(bytes)}, and at most 10 MB are allowed`,
			'Make the image smaller first, for example with the Edit Image node.',
		);
	}
	const stream = await context.helpers.getBinaryStream(id);
	if (imageTypeOf(await readStart(stream, SIGNATURE_LENGTH)) === null) {
		throw new InvalidParameter(
			PARAMETER,
			`“${name}” is no JPEG, PNG or WebP image`,
			'Its content counts, not its name. Convert it first, for example with the Edit Image node.',
		);
	}
}
