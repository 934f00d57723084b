import { z } from 'zod';
import { apiError, type ApiErrorName } from './apiErrors';
import type { Answer } from '../http/answer';

export const MODEL = 'kling-2.6';
const MAX_PROMPT_CHARACTERS = 2_500;

function isHttpUrl(value: string): boolean {
	if (!/^https?:\/\/[^\s]+$/i.test(value)) return false;
	return URL.canParse(value);
}

const httpUrl = z.string().refine(isHttpUrl, { message: 'must be an http or https URL' });

const inputSchema = z
	.object({
		prompt: z
			.string()
			.refine((value) => value.trim() !== '', { message: 'must not be empty' })
			.refine((value) => [...value].length <= MAX_PROMPT_CHARACTERS, {
				message: `must be at most ${MAX_PROMPT_CHARACTERS} characters`,
			}),
		image_urls: z.array(httpUrl).min(1, { message: 'must contain at least one URL' }),
		duration: z
			.union([z.literal(5), z.literal(10)], {
				errorMap: () => ({ message: 'must be 5 or 10 for Kling 2.6' }),
			})
			.default(5),
		sound: z.boolean().default(false),
	})
	.strict();

const modelSchema = z.object({ model: z.string() }).passthrough();

const bodySchema = z
	.object({ model: z.literal(MODEL), callback_url: httpUrl.optional(), input: inputSchema })
	.strict();

/** A create request as the documentation allows it, defaults filled in; `duration` in seconds. */
export type CreateRequest = z.infer<typeof bodySchema>;

function fieldName(path: ReadonlyArray<string | number>): string {
	return path
		.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
		.join('')
		.replace(/^\./, '');
}

function describe(issue: z.ZodIssue): string {
	const field = fieldName(issue.path);
	if (issue.code === 'unrecognized_keys') {
		const unknown = fieldName([...issue.path, issue.keys[0] ?? '']);
		return `Unknown field '${unknown}'.`;
	}
	if (issue.code === 'invalid_type') {
		if (field === '') return 'The request body must be a JSON object.';
		if (issue.received === 'undefined') return `'${field}' is required.`;
		return `'${field}' must be of type ${issue.expected}.`;
	}
	return `'${field}' ${issue.message}.`;
}

function refusal(error: z.ZodError, name: ApiErrorName = '400'): Answer {
	const issue = error.issues[0];
	return apiError(name, issue === undefined ? undefined : describe(issue));
}

function isJsonContentType(contentType: string | undefined): boolean {
	return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType ?? '');
}

/**
 * Checks a create request against the documentation.
 * @returns the request, or the documented refusal
 */
export function parseCreateRequest(
	contentType: string | undefined,
	raw: Buffer,
): { request: CreateRequest } | { refused: Answer } {
	if (!isJsonContentType(contentType)) {
		return { refused: apiError('400', "The 'Content-Type' must be application/json.") };
	}
	let body: unknown;
	try {
		body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
	} catch {
		return { refused: apiError('400', 'The request body is not valid JSON.') };
	}
	// The model decides which input is allowed, so it is looked at first.
	const model = modelSchema.safeParse(body);
	if (!model.success) return { refused: refusal(model.error) };
	if (model.data.model !== MODEL) {
		return { refused: apiError('404-model', `Model '${model.data.model}' not found.`) };
	}
	const parsed = bodySchema.safeParse(body);
	return parsed.success ? { request: parsed.data } : { refused: refusal(parsed.error) };
}
