import { z } from 'zod';

/** A readable stream, as n8n's helpers give them. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
	destroy(): unknown;
}

const streamSchema = z.custom<ByteStream>(
	(value) => typeof value === 'object' && value !== null && Symbol.asyncIterator in value,
);

/** The body of a response that was asked for as a stream; null when it is none. */
export function asStream(body: unknown): ByteStream | null {
	const stream = streamSchema.safeParse(body);
	return stream.success ? stream.data : null;
}

/** The first bytes of a stream, which is then closed. */
export async function readStart(stream: ByteStream, length: number): Promise<Uint8Array> {
	const chunks: number[] = [];
	try {
		for await (const chunk of stream) {
			chunks.push(...chunk.subarray(0, length - chunks.length));
			if (chunks.length >= length) break;
		}
	} finally {
		stream.destroy();
	}
	return Uint8Array.from(chunks);
}
