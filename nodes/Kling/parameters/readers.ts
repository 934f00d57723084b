import { Failure, Refusal, type Settled, valuesOf } from '../api/failure';
import { withoutKeys, withoutResumeAddresses } from '../api/redact';
import { parseJson } from '../n8n/http';

/**
 * Takes a value as n8n evaluated it. A refusal's message is a predicate of the parameter (`is empty`).
 * `null` and `undefined` always mean that it was set and has no value, since no default is one of these.
 */
export type Reader<T> = (value: unknown) => Settled<T>;

export const isMissing = (value: unknown) => value === null || value === undefined;

const isBlank = (value: unknown) => typeof value === 'string' && value.trim() === '';

/** Whether an object was turned into text, as n8n does when anything stands beside its `{{ }}`. */
export const holdsObjectInText = (text: string) => /\[object \w+\]/.test(text);

/** What kind of value it is that is no text: `a list`, `an object`, `a file`, `true`. */
function kindOf(value: unknown): string {
	if (Array.isArray(value)) return 'a list';
	if (typeof value !== 'object' || value === null) return String(value);
	return 'mimeType' in value ? 'a file' : 'an object';
}

const MAX_QUOTED = 60;

/** A value as a refusal shows it: briefly, on one line, without keys and resume addresses. */
export function quote(value: unknown): string {
	if (typeof value !== 'string') return kindOf(value);
	if (isBlank(value)) return 'empty';
	if (holdsObjectInText(value)) return 'an object that was turned into text';
	const shown = withoutResumeAddresses(withoutKeys(value));
	const characters = [...shown.replace(/\s+/g, ' ').trim()];
	const start = characters.slice(0, MAX_QUOTED).join('');
	return `“${start}${characters.length > MAX_QUOTED ? '…' : ''}”`;
}

function withoutValue(value: unknown): Refusal {
	return new Refusal(
		`was set and has no value (${String(value)})`,
		'Correct its expression, or remove it to use the default.',
	);
}

function emptiness(value: unknown, hint: string): Refusal {
	const cause = isMissing(value) ? `Its expression gives ${String(value)}. ` : '';
	return new Refusal('is empty', `${cause}${hint}`);
}

/** All the values, or what is wrong with the first that is wrong, or that there are none. */
export function listOf<T>(
	values: ReadonlyArray<Settled<T>>,
	given: unknown,
	hint: string,
): Settled<T[]> {
	const wrong = values.find((value) => value instanceof Failure);
	if (wrong !== undefined) return wrong;
	return values.length === 0 ? emptiness(given, hint) : valuesOf(values);
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
): Settled<T> {
	if (isMissing(value)) return withoutValue(value);
	const plain = numberOr(value);
	const word = typeof plain === 'object' ? '' : String(plain).toLowerCase();
	const found = choices.find((choice) => String(choice).toLowerCase() === word);
	if (found !== undefined) return found;
	const none = choices.length === 2 ? `neither ${choices.join(' nor ')}` : 'none of its choices';
	return new Refusal(
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
): Settled<number> {
	if (isMissing(value)) return withoutValue(value);
	const number = numberOr(value);
	if (typeof number === 'number' && number >= min && number <= max) return number;
	const range = max === Number.MAX_VALUE ? `of at least ${min}` : `from ${min} to ${max}`;
	return new Refusal(
		`is ${quote(number)}, not a number ${range}`,
		`Set it to a number ${range}, in digits alone.`,
	);
}

/** Neither a blank nor a mark without width, as text from pages and chats may hold. */
const VISIBLE = /[^\s\p{Cf}]/u;

/** A text exactly as it is, blanks around included; numbers count as their text. */
export function toText(value: unknown, hint: string): Settled<string> {
	const text = toOptionalText(value, hint);
	return text instanceof Failure || VISIBLE.test(text) ? text : emptiness(value, hint);
}

/** The same, where an empty text is a value too. */
export function toOptionalText(value: unknown, hint: string): Settled<string> {
	if (Number.isFinite(value)) return String(value);
	if (isMissing(value)) return emptiness(value, hint);
	if (typeof value !== 'string') {
		const kind = kindOf(value);
		return new Refusal(`is ${kind}, not text`, WAYS_TO_TEXT[kind] ?? 'Set it to a text.');
	}
	if (!holdsObjectInText(value)) return value;
	return new Refusal(
		'holds an object that was turned into text',
		'Choose a field of the object in each {{ }}, such as {{ $json.output.text }}.',
	);
}

const WAYS_TO_TEXT: Record<string, string> = {
	'a list': 'Choose an entry of it, such as {{ $json.texts[0] }}.',
	'an object': 'Choose a field of it, such as {{ $json.output.text }}.',
};

/** The text, unless it is longer than `max` Unicode code points. */
export function ofLength(max: number, text: Settled<string>, hint: string): Settled<string> {
	if (text instanceof Failure) return text;
	const { length } = [...text];
	if (length <= max) return text;
	return new Refusal(`has ${length} characters, and at most ${max} are allowed`, hint);
}

/** At least one of the values: from a list, or a text with blanks, commas or semicolons between them. */
export function toChoices(value: unknown, choices: readonly string[]): Settled<string[]> {
	if (isMissing(value)) return withoutValue(value);
	const chosen = toEntries(value, /[\s,;]+/).map((entry) => toChoice(entry, choices));
	return listOf(chosen, value, `Choose at least one of: ${choices.join(', ')}.`);
}

/** What an array of any depth holds, a JSON array as text, or a text with `separator` between the entries. */
export function toEntries(value: unknown, separator: RegExp): unknown[] {
	const isText = typeof value === 'string' && !holdsObjectInText(value);
	const given = isText ? parseJson(value) : value;
	const entries: unknown[] = isText && !Array.isArray(given) ? value.split(separator) : [given];
	return entries.flat(Infinity).filter((entry) => !isMissing(entry) && !isBlank(entry));
}
