import type { IExecuteFunctions, IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { type HttpAnswer, toHttpAnswer, WHOLE_ANSWER } from './http';

type ByteStream = Awaited<ReturnType<IExecuteFunctions['helpers']['getBinaryStream']>>;

const streamSchema = z.custom<ByteStream>(
	(body) => typeof body === 'object' && body !== null && Symbol.asyncIterator in body,
);

/** What an address answers, under whatever status, asked without any credential; null for nothing. */
export async function fetchStream(
	context: Pick<IExecuteFunctions | IWebhookFunctions, 'helpers'>,
	options: Omit<IHttpRequestOptions, 'method' | 'encoding'>,
): Promise<(HttpAnswer & { body: ByteStream }) | null> {
	const received: unknown = await context.helpers
		.httpRequest({ ...options, ...WHOLE_ANSWER, method: 'GET', encoding: 'stream' })
		.catch(() => null);
	const answer = toHttpAnswer(received);
	const body = streamSchema.safeParse(answer?.body);
	return answer !== null && body.success ? { ...answer, body: body.data } : null;
}

/** The first bytes of a stream, which is then closed. */
export async function readStart(stream: ByteStream, length: number): Promise<Uint8Array> {
	try {
		return await peekStart(stream, length);
	} finally {
		stream.destroy();
	}
}

/** The first bytes of a stream, which then gives them again. One that is shorter has ended. */
export async function peekStart(stream: ByteStream, length: number): Promise<Uint8Array> {
	let start: Uint8Array = Buffer.alloc(0);
	for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
		start = Buffer.concat([start, chunkSchema.parse(chunk)]);
		if (start.length < length) continue;
		stream.unshift(start);
		break;
	}
	return start.subarray(0, length);
}

const chunkSchema = z.instanceof(Uint8Array);
