import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

import { isReachableFromApi } from '../api/address';
import type { ApiClient } from '../api/client';
import { Failure, Refusal, type Settled } from '../api/failure';
import { readStart } from '../n8n/http';
import { binaryField, isFile, readImageSettings, sourceField } from '../parameters/images';
import type { Settings } from '../parameters/settings';
import { judgeImage, SIGNATURE_LENGTH } from './imageType';

/** How long the API may fetch an image: far longer than any task runs. */
const ADDRESS_VALIDITY = '2 days';

export interface Image {
	url: string;
	/** What tells it from others at the next try too, when a file has another address. */
	identity: string;
	isFile: boolean;
}

/** The images of one item. */
export async function readImages(
	context: IExecuteFunctions,
	itemIndex: number,
	settings: Settings,
	client: Settled<ApiClient>,
): Promise<Settled<Image[]>> {
	const source = readImageSettings(settings);
	if (source instanceof Failure) return source;
	if (client instanceof Failure) return client;
	if ('urls' in source) return source.urls.map((url) => ({ url, identity: url, isFile: false }));
	const images: Image[] = [];
	for (const field of source.fields) {
		const image = await readFile(context, itemIndex, field, client.baseUrl);
		if (image instanceof Failure) return image;
		images.push(image);
	}
	return images;
}

/** One file, as a signed address on this n8n that needs no login: the API takes addresses only (API docs). */
async function readFile(
	context: IExecuteFunctions,
	itemIndex: number,
	field: string | IBinaryData,
	apiBaseUrl: string,
): Promise<Settled<Image>> {
	const file = typeof field === 'string' ? findFile(context, itemIndex, field) : field;
	if (file instanceof Failure) return file;
	const name = typeof field === 'string' ? field : (file.fileName ?? 'the file');
	const { id } = file;
	if (id === undefined) {
		return new Refusal(
			`'${binaryField.displayName}' cannot be used, since “${name}” is kept in memory, where the API cannot fetch it`,
			'Set the environment variable N8N_DEFAULT_BINARY_DATA_MODE of n8n to “filesystem”, or give the image by its address.',
		);
	}
	const { helpers } = context;
	const bytes = file.bytes ?? (await helpers.getBinaryMetadata(id)).fileSize;
	const start = await readStart(await helpers.getBinaryStream(id), SIGNATURE_LENGTH);
	const type = judgeImage(
		`'${binaryField.displayName}' names “${name}”`,
		{ start, bytes },
		'Its content counts, not its name. Convert it first, for example with the Edit Image node.',
	);
	if (type instanceof Failure) return type;
	// A copy that belongs to this execution, and is served under the type of its content. A file that came
	// by a webhook or form has a provisional id: n8n moves it once the execution ends or is suspended, and
	// its signed address would then lead nowhere (n8n 2.41, filesystem mode).
	const stream = await helpers.getBinaryStream(id);
	const copy = await helpers.prepareBinaryData(stream, file.fileName, type);
	const url = helpers.createBinarySignedUrl(copy, ADDRESS_VALIDITY);
	if (!isReachableFromApi(url, apiBaseUrl)) {
		return new Refusal(
			`'${binaryField.displayName}' cannot be used, since the AI Video API cannot reach this n8n at ${new URL(url).origin} to fetch “${name}”`,
			'Set the environment variable WEBHOOK_URL of n8n to the public address of this instance, or give the image by its address.',
		);
	}
	// n8n moves a file, but keeps the last part of its id.
	return { url, identity: id.slice(id.lastIndexOf('/') + 1), isFile: true };
}

function findFile(context: IExecuteFunctions, itemIndex: number, field: string) {
	try {
		return context.helpers.assertBinaryData(itemIndex, field);
	} catch {
		const item = context.getInputData()[itemIndex];
		// n8n 2.41 can be told to keep the files of an item among its other fields (`binaryMode: combined`).
		const files = Object.entries({ ...item?.json, ...item?.binary });
		const names = files.flatMap(([name, value]) => (isFile(value) ? [`“${name}”`] : []));
		return names.length === 0
			? new Refusal(
					`'${sourceField.displayName}' is set to File, and the item has no file`,
					`Set '${sourceField.displayName}' to URL to give the image by its address. Otherwise see that the node before passes its file on; an expression such as {{ $('Form').item.binary.data }} takes the file of an earlier node.`,
				)
			: new Refusal(
					`'${binaryField.displayName}' names “${field}”, which the item does not have`,
					`Its ${names.length === 1 ? 'only file is' : 'files are'} in ${names.join(', ')}.`,
				);
	}
}
