import { z } from 'zod';

import { parseJson } from '../n8n/http';
import { holdsObjectInText, kindOf, quote } from './quote';

/** What is wrong with a value, as a predicate of its parameter (`is empty`), and what to do about it. */
export class Invalid {
	constructor(
		readonly reason: string,
		readonly hint: string,
	) {}
}

/**
 * Takes a value as n8n evaluated it. `null` and `undefined` always mean that it was set and has no
 * value, since no default is one of these.
 */
export type Reader<T> = (value: unknown) => T | Invalid;

const isMissing = (value: unknown) => value === null || value === undefined;

function withoutValue(value: unknown): Invalid {
	return new Invalid(
		`was set and has no value (${String(value)})`,
		'Correct its expression, or remove it to use the default.',
	);
}

/** A text or list with nothing in it. */
function emptiness(value: unknown, hint: string): Invalid {
	const cause = isMissing(value) ? `Its expression gives ${String(value)}. ` : '';
	return new Invalid('is empty', `${cause}${hint}`);
}

/** All the values, or what is wrong with the first that is wrong, or that there are none. */
export function listOf<T>(
	values: ReadonlyArray<T | Invalid>,
	given: unknown,
	hint: string,
): T[] | Invalid {
	const list: T[] = [];
	for (const value of values) {
		if (value instanceof Invalid) return value;
		list.push(value);
	}
	return list.length === 0 ? emptiness(given, hint) : list;
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a text is, else the text without blanks around, or the value as it came. */
function numberOr(value: unknown): unknown {
	if (typeof value !== 'string') return value;
	const text = value.trim();
	return DECIMAL.test(text) ? Number(text) : text;
}

/** One of the values, as such or as text in any case with blanks around. */
export function toChoice<const T extends string | number | boolean>(
	value: unknown,
	choices: readonly T[],
): T | Invalid {
	if (isMissing(value)) return withoutValue(value);
	const plain = numberOr(value);
	const word = typeof plain === 'object' ? '' : String(plain).toLowerCase();
	const found = choices.find((choice) => String(choice).toLowerCase() === word);
	return found ?? noneOf(value, choices);
}

function noneOf(value: unknown, choices: readonly unknown[]): Invalid {
	const none = choices.length === 2 ? `neither ${choices.join(' nor ')}` : 'none of its choices';
	return new Invalid(
		`is ${quote(value)}, which is ${none}`,
		`Choose one of: ${choices.join(', ')}.`,
	);
}

/** True or false: never guessed from anything else. */
export const toBoolean = (value: unknown) => toChoice<boolean>(value, [true, false]);

/** A number, as such or as text, within the range. */
export function toNumber(
	value: unknown,
	{ min, max = Number.MAX_VALUE }: { min: number; max?: number },
): number | Invalid {
	if (isMissing(value)) return withoutValue(value);
	const number = numberOr(value);
	if (typeof number === 'number' && number >= min && number <= max) return number;
	const range = max === Number.MAX_VALUE ? `of at least ${min}` : `from ${min} to ${max}`;
	return new Invalid(
		`is ${quote(number)}, not a number ${range}`,
		`Set it to a number ${range}, in digits alone.`,
	);
}

/** Neither a blank nor a mark without width, as text from pages and chats may hold. */
const VISIBLE = /[^\s\p{Cf}]/u;

/** A text exactly as it is, blanks around included; numbers count as their text. */
export function toText(value: unknown, hint: string): string | Invalid {
	const text = toOptionalText(value, hint);
	return text instanceof Invalid || VISIBLE.test(text) ? text : emptiness(value, hint);
}

/** The same, where an empty text is a value too. */
export function toOptionalText(value: unknown, hint: string): string | Invalid {
	if (typeof value === 'bigint' || Number.isFinite(value)) return String(value);
	if (isMissing(value)) return emptiness(value, hint);
	if (typeof value !== 'string') return notText(value);
	if (!holdsObjectInText(value)) return value;
	return new Invalid(
		'holds an object that was turned into text',
		'Choose a field of the object in each {{ }}, such as {{ $json.output.text }}.',
	);
}

const WAYS_TO_TEXT: Record<string, string> = {
	'a list': 'Choose an entry of it, such as {{ $json.texts[0] }}.',
	'an object': 'Choose a field of it, such as {{ $json.output.text }}.',
};

/** What is wrong with a value that should be a text. */
export function notText(value: unknown): Invalid {
	const kind = kindOf(value);
	return new Invalid(`is ${kind}, not text`, WAYS_TO_TEXT[kind] ?? 'Set it to a text.');
}

/** The text, unless it is longer than `max` Unicode code points. */
export function ofLength(max: number, text: string, hint: string): string | Invalid {
	const { length } = [...text];
	if (length <= max) return text;
	return new Invalid(`has ${length} characters, and at most ${max} are allowed`, hint);
}

/**
 * Some of the values, each once: from a list of any depth, or a text with commas, semicolons, blanks
 * or line breaks between them, or a JSON array as text.
 */
export function toChoices<T extends string>(value: unknown, choices: readonly T[]): T[] | Invalid {
	if (isMissing(value)) return withoutValue(value);
	if (typeof value === 'string' && holdsObjectInText(value)) return noneOf(value, choices);
	const chosen = toEntries(value, /[\s,;]+/).map((entry) => toChoice(entry, choices));
	const list = listOf(chosen, value, `Choose at least one of: ${choices.join(', ')}.`);
	return list instanceof Invalid ? list : choices.filter((choice) => list.includes(choice));
}

/**
 * What a list holds, whatever its depth, and in whichever way it was given: an array, a JSON array
 * as text, or a text with `separator` between the entries. Gaps are left out.
 */
export function toEntries(value: unknown, separator: RegExp): unknown[] {
	const parsed = listSchema.safeParse(typeof value === 'string' ? parseJson(value) : value);
	const split = typeof value === 'string' ? value.split(separator) : [value];
	const entries = parsed.success ? parsed.data.flat(Infinity) : split;
	return entries.filter((entry) => !isMissing(entry) && !isBlank(entry));
}

const isBlank = (entry: unknown) => typeof entry === 'string' && entry.trim() === '';

const listSchema = z.array(z.unknown());
