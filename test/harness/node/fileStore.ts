import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

import { type HttpServer, startHttpServer } from '../httpServer';

type Helpers = Pick<
	IExecuteFunctions['helpers'],
	'getBinaryStream' | 'getBinaryMetadata' | 'prepareBinaryData' | 'createBinarySignedUrl'
>;

/** A file as it comes with an item. */
export interface StoredFile {
	content: Buffer;
	fileName: string;
	mimeType: string;
}

/** Where n8n keeps files outside of its memory, and the public address at which it serves them. */
export interface FileStore {
	readonly helpers: Helpers;
	/** Keeps a file, and gives what an item holds of it. */
	add(file: StoredFile): IBinaryData;
	/** What stands in front of n8n and answers instead; null when nothing does. */
	front: RequestListener | null;
	/** From now on nobody answers at the public address. */
	unplug(): Promise<void>;
}

/** What stays of a file's id when n8n moves the file. */
const lastPartOf = (id: string) => id.slice(id.lastIndexOf('/') + 1);

/** A store for the tests of one file, empty and with nothing in front of it before each test. */
export function useFileStore(): FileStore {
	const files = new Map<string, StoredFile>();
	let server: HttpServer | null = null;
	let url = '';
	const add = ({ content, fileName, mimeType }: StoredFile): IBinaryData => {
		const id = `filesystem-v2:folder/${files.size}`;
		files.set(lastPartOf(id), { content, fileName, mimeType });
		return { id, data: 'filesystem-v2', fileName, mimeType, bytes: content.length };
	};
	const fileOf = (id: string): StoredFile => {
		const file = files.get(lastPartOf(id));
		if (file === undefined) throw new Error(`There is no file ${id}`);
		return file;
	};
	const unplug = async () => {
		await server?.stop();
		server = null;
	};
	const store: FileStore = {
		add,
		front: null,
		unplug,
		helpers: {
			getBinaryStream: async (id) => await Promise.resolve(Readable.from([fileOf(id).content])),
			getBinaryMetadata: async (id) =>
				await Promise.resolve({ fileSize: fileOf(id).content.length }),
			prepareBinaryData: async (data, fileName = 'file', mimeType = 'text/plain') => {
				const content = Buffer.isBuffer(data) ? data : Buffer.concat(await data.toArray());
				return add({ content, fileName, mimeType });
			},
			createBinarySignedUrl: ({ id = '' }) =>
				`${url}/rest/binary-data/signed?token=${encodeURIComponent(id)}`,
		},
	};
	beforeEach(async () => {
		files.clear();
		store.front = null;
		server = await startHttpServer((request, response) => {
			if (store.front !== null) return store.front(request, response);
			const id = new URL(request.url ?? '', url).searchParams.get('token') ?? '';
			const { content, mimeType } = fileOf(id);
			response.writeHead(200, { 'content-type': mimeType }).end(content);
		});
		({ url } = server);
	});
	afterEach(unplug);
	return store;
}
