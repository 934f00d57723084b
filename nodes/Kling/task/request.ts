import { z } from 'zod';

import { DURATIONS_SECONDS, type DurationSeconds } from './pricing';
import { MODEL } from './task';

/** The longest prompt, in Unicode code points (API docs). */
export const MAX_PROMPT_LENGTH = 2_500;

/** The body of `POST /v1/videos/generations` (API docs). */
export interface CreateBody {
	model: typeof MODEL;
	callback_url?: string;
	input: {
		prompt: string;
		image_urls: string[];
		duration: DurationSeconds;
		sound: boolean;
	};
}

/** A value the user must mend: which parameter, and what is wrong with it. */
export class InvalidParameter extends Error {
	constructor(
		/** The parameter's name in the panel. */
		readonly parameter: string,
		readonly reason: string,
		readonly hint: string,
	) {
		super(`${parameter}: ${reason}`);
	}
}

const TASK_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @throws {InvalidParameter} when the prompt is no text, empty, or too long */
export function parsePrompt(value: unknown): string {
	if (typeof value !== 'string' || value.trim() === '') {
		throw new InvalidParameter(
			'Prompt',
			'it is empty',
			'Describe what should happen in the video.',
		);
	}
	const length = [...value].length;
	if (length > MAX_PROMPT_LENGTH) {
		throw new InvalidParameter(
			'Prompt',
			`it has ${length} characters, and at most ${MAX_PROMPT_LENGTH} are allowed`,
			'Shorten the prompt.',
		);
	}
	return value;
}

/** Whether this is an absolute http(s) address. */
export function isHttpUrl(value: string): boolean {
	return /^https?:\/\//i.test(value) && URL.canParse(value);
}

function flatten(value: unknown): unknown[] {
	if (Array.isArray(value)) return value.flatMap(flatten);
	if (typeof value !== 'string') return value === null || value === undefined ? [] : [value];
	const trimmed = value.trim();
	if (trimmed.startsWith('[')) {
		const parsed = z.array(z.unknown()).safeParse(parseJson(trimmed));
		if (parsed.success) return parsed.data.flatMap(flatten);
	}
	return trimmed.split(/,?\s+/).filter((part) => part !== '');
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/**
 * The image addresses in the order given: from one text with spaces or line breaks between them,
 * a JSON array as text (AI Agents write those), or an array of any depth.
 *
 * @throws {InvalidParameter} when there is none, or one is no http(s) address
 */
export function parseImageUrls(value: unknown): string[] {
	const urls = flatten(value);
	if (urls.length === 0) {
		throw new InvalidParameter(
			'Image URLs',
			'there is no image',
			'Kling 2.6 turns an image into a video: give at least one image address.',
		);
	}
	return urls.map((url) => {
		if (typeof url === 'string' && isHttpUrl(url)) return url;
		throw new InvalidParameter(
			'Image URLs',
			`“${quote(url)}” is no http(s) address`,
			'Give the full address of each image, starting with https://.',
		);
	});
}

/** @throws {InvalidParameter} unless it is 5 or 10, as a number or as text */
export function parseDuration(value: unknown): DurationSeconds {
	const found = DURATIONS_SECONDS.find(
		(seconds) => value === seconds || (typeof value === 'string' && value.trim() === `${seconds}`),
	);
	if (found === undefined) {
		throw new InvalidParameter(
			'Duration',
			`“${quote(value)}” is neither 5 nor 10`,
			'Kling 2.6 makes videos of 5 or 10 seconds.',
		);
	}
	return found;
}

/** @throws {InvalidParameter} unless it is true or false, as a boolean or as text */
export function parseSound(value: unknown): boolean {
	if (value === true || value === 'true') return true;
	if (value === false || value === 'false') return false;
	throw new InvalidParameter(
		'Sound',
		`“${quote(value)}” is neither true nor false`,
		'Sound doubles the price, so it is never guessed.',
	);
}

/** Whether a text is a task id: a UUID (API docs). */
export function isTaskId(text: string): boolean {
	return TASK_ID.test(text);
}

/** @throws {InvalidParameter} unless it is a task id */
export function parseTaskId(value: unknown): string {
	if (value === undefined || value === null || value === '') {
		throw new InvalidParameter(
			'Task ID',
			'it is empty',
			'Create gives it as “taskId”. Check that the items that come in here have it.',
		);
	}
	const text = typeof value === 'string' ? value.trim() : '';
	if (!isTaskId(text)) {
		throw new InvalidParameter(
			'Task ID',
			`“${quote(value)}” is no task ID`,
			'It looks like 3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d. Create gives it as “taskId”.',
		);
	}
	return text;
}

/** @throws {InvalidParameter} unless it is an http(s) address */
export function parseCallbackUrl(value: unknown): string {
	const text = typeof value === 'string' ? value.trim() : '';
	if (isHttpUrl(text)) return text;
	throw new InvalidParameter(
		'Callback URL',
		text === '' ? 'it is empty' : `“${quote(text)}” is no http(s) address`,
		'Give the full address to call, starting with https://, or choose another Callback.',
	);
}

export interface NumberRange {
	min: number;
	max: number;
}

/** @throws {InvalidParameter} unless it is a number, as such or as text, within the range */
export function parseNumber(parameter: string, value: unknown, { min, max }: NumberRange): number {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (typeof number === 'number' && number >= min && number <= max) return number;
	throw new InvalidParameter(
		parameter,
		`“${quote(value)}” is no number from ${min} to ${max}`,
		`Set ${parameter} to a number in that range.`,
	);
}

/** The body to send. Options that were not chosen are left out. */
export function buildCreateBody(
	input: CreateBody['input'],
	callbackUrl: string | undefined,
): CreateBody {
	return {
		model: MODEL,
		...(callbackUrl === undefined ? {} : { callback_url: callbackUrl }),
		input,
	};
}

/** A value as a refusal shows it, whatever it is. */
function quote(value: unknown): string {
	const isObject = typeof value === 'object' && value !== null;
	const text = isObject ? Object.prototype.toString.call(value) : String(value);
	return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
