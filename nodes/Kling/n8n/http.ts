import { z } from 'zod';

/** Asks n8n's request helpers for the whole answer, whatever its status. */
export const WHOLE_ANSWER = { returnFullResponse: true, ignoreHttpStatusErrors: true };

export interface HttpAnswer {
	status: number;
	/** By name, in lower case. */
	headers: Record<string, unknown>;
	body: unknown;
}

const answerSchema = z.object({
	statusCode: z.number(),
	headers: z.record(z.unknown()).catch({}),
	body: z.unknown(),
});

/** What a request helper gave for a {@link WHOLE_ANSWER}; null where that is none. */
export function toHttpAnswer(received: unknown): HttpAnswer | null {
	const answer = answerSchema.safeParse(received);
	if (!answer.success) return null;
	const { statusCode: status, headers, body } = answer.data;
	return { status, headers, body };
}

/** The JSON in a text; undefined where it is none. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
