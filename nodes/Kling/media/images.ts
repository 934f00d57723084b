import type { IExecuteFunctions } from 'n8n-workflow';

import { parseImageUrls } from '../task/request';
import { imagesFromBinary } from './binaryImages';

/** The images of one item. */
export interface ItemImages {
	/** What the API is given. */
	urls: string[];
	/** What stays the same when the same item is tried again: signed addresses do not. */
	identities: string[];
}

/**
 * The images of one item, from addresses or from its binary fields.
 *
 * @throws {InvalidParameter} when there is none, or one cannot be used
 */
export async function readImages(
	context: IExecuteFunctions,
	itemIndex: number,
	apiBaseUrl: string,
): Promise<ItemImages> {
	if (context.getNodeParameter('imageSource', itemIndex, 'url') === 'binary') {
		const fields: unknown = context.getNodeParameter('binaryPropertyName', itemIndex, 'data');
		return await imagesFromBinary(context, itemIndex, fields, apiBaseUrl);
	}
	const urls = parseImageUrls(context.getNodeParameter('imageUrls', itemIndex, ''));
	return { urls, identities: urls };
}
