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
