import type { IExecuteFunctions, IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/** Asks n8n's request helpers for the whole answer, whatever its status. */
export const WHOLE_ANSWER = { returnFullResponse: true, ignoreHttpStatusErrors: true };

const answerSchema = z
	.object({
		statusCode: z.number(),
		/** By name, in lower case. */
		headers: z.record(z.unknown()).catch({}),
		body: z.unknown(),
	})
	.transform(({ statusCode: status, headers, body }) => ({ status, headers, body }));

export type HttpAnswer = z.infer<typeof answerSchema>;

/** What a request helper gave for a {@link WHOLE_ANSWER}; null where that is none. */
export function toHttpAnswer(received: unknown): HttpAnswer | null {
	return answerSchema.safeParse(received).data ?? null;
}

/** The JSON in a text; undefined where it is none. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

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
		start = Buffer.concat([start, z.instanceof(Uint8Array).parse(chunk)]);
		if (start.length < length) continue;
		stream.unshift(start);
		break;
	}
	return start.subarray(0, length);
}
