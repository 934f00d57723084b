import type { IExecuteFunctions, IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/** A readable stream, as n8n's helpers give them. */
export type ByteStream = Awaited<ReturnType<IExecuteFunctions['helpers']['getBinaryStream']>>;

/** An answer whose body is read piece by piece. */
export interface StreamedAnswer {
	status: number;
	/** By name, in lower case. */
	headers: Record<string, unknown>;
	body: ByteStream;
}

const answerSchema = z.object({
	statusCode: z.number(),
	headers: z.record(z.unknown()),
	body: z.custom<ByteStream>(
		(body) => typeof body === 'object' && body !== null && Symbol.asyncIterator in body,
	),
});

/**
 * Fetches an address without any credential; whatever the status, the answer is given. Null where
 * there was none.
 */
export async function fetchStream(
	context: Pick<IExecuteFunctions | IWebhookFunctions, 'helpers'>,
	options: Omit<IHttpRequestOptions, 'method' | 'encoding'>,
): Promise<StreamedAnswer | null> {
	const received: unknown = await context.helpers
		.httpRequest({
			...options,
			method: 'GET',
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})
		.catch(() => null);
	const answer = answerSchema.safeParse(received);
	if (!answer.success) return null;
	const { statusCode: status, headers, body } = answer.data;
	return { status, headers, body };
}

/** The first bytes of a stream, which is then closed. */
export async function readStart(stream: ByteStream, length: number): Promise<Uint8Array> {
	try {
		return await peekStart(stream, length);
	} finally {
		stream.destroy();
	}
}

/**
 * The first bytes of a stream, which gives them again to whoever reads it next. A stream that is
 * shorter has then ended.
 */
export async function peekStart(stream: ByteStream, length: number): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	const start: number[] = [];
	for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
		const bytes = chunkSchema.parse(chunk);
		chunks.push(bytes);
		start.push(...bytes.subarray(0, length - start.length));
		if (start.length < length) continue;
		for (const read of chunks.reverse()) stream.unshift(read);
		break;
	}
	return Uint8Array.from(start);
}

const chunkSchema = z.instanceof(Uint8Array);
