import type {
	IExecuteFunctions,
	IHookFunctions,
	INodeProperties,
	IWebhookFunctions,
} from 'n8n-workflow';
import { z } from 'zod';

import { holdsObjectInText, kindOf, quote } from './quote';

/** A value the user must mend: which parameter, and what is wrong with it. */
export class InvalidParameterError extends Error {
	constructor(
		/** The parameter's name in the panel. */
		readonly parameter: string,
		/** What is wrong, as a predicate of the parameter: `is empty`. */
		readonly reason: string,
		/** What to do about it. */
		readonly hint: string,
	) {
		super(`'${parameter}' ${reason}`);
	}
}

/**
 * A parameter's value as n8n evaluated it, or the parameter's default where the workflow does not
 * hold it. So `null` and `undefined` always mean that it was set and has no value, since no default
 * is one of these (n8n: an expression that gives nothing keeps its key in a collection).
 */
export interface Given {
	/** The parameter's name in the panel. */
	parameter: string;
	value: unknown;
}

/** What of a field its reader needs. */
export type Field = Pick<INodeProperties, 'displayName' | 'name' | 'default'>;

/** Where readers get a node's settings from: the parameters of one item, or those of a trigger. */
export interface Settings {
	/** A parameter of its own. */
	parameter(field: Field): Given;
	/** An entry of Options. */
	option(field: Field): Given;
}

const OPTIONS: Field = { displayName: 'Options', name: 'options', default: {} };

const optionsSchema = z.record(z.unknown());

/**
 * @param get a parameter as n8n evaluates it, or `fallback` where the workflow does not hold it
 */
export function settingsFrom(get: (name: string, fallback: unknown) => unknown): Settings {
	const parameter = (field: Field): Given => ({
		parameter: field.displayName,
		value: get(field.name, field.default),
	});
	// n8n evaluates the expressions of all options at once.
	let options: Record<string, unknown> | undefined;
	return {
		parameter,
		option: (field) => {
			options ??= toOptions(parameter(OPTIONS));
			const isSet = Object.hasOwn(options, field.name);
			return { parameter: field.displayName, value: isSet ? options[field.name] : field.default };
		},
	};
}

function toOptions({ parameter, value }: Given): Record<string, unknown> {
	const options = optionsSchema.safeParse(value);
	if (options.success) return options.data;
	throw new InvalidParameterError(
		parameter,
		`is ${quote(value)}, not a collection of options`,
		'Set each option by itself.',
	);
}

/** The settings of the Kling node for one item. */
export function settingsOf(
	context: Pick<IExecuteFunctions, 'getNodeParameter'>,
	itemIndex: number,
): Settings {
	return settingsFrom((name, fallback) => context.getNodeParameter(name, itemIndex, fallback));
}

/**
 * What holds for the whole run: the settings of the first item that has right ones. The other items'
 * have to be read too, so that wrong ones are refused.
 *
 * @throws {InvalidParameterError} when none has
 */
export function readForRun<T>(
	context: Pick<IExecuteFunctions, 'getNodeParameter' | 'getInputData'>,
	read: (settings: Settings) => T,
): T {
	for (const itemIndex of context.getInputData().keys()) {
		try {
			return read(settingsOf(context, itemIndex));
		} catch {
			// It is refused by itself.
		}
	}
	return read(settingsOf(context, 0));
}

/** The settings of the Kling Trigger. */
export function triggerSettingsOf(
	context: Pick<IWebhookFunctions | IHookFunctions, 'getNodeParameter'>,
): Settings {
	return settingsFrom((name, fallback) => {
		const value: unknown = context.getNodeParameter(name, z.custom<object>().parse(fallback));
		return value;
	});
}

function isMissing(value: unknown): value is null | undefined {
	return value === null || value === undefined;
}

function withoutValue({ parameter, value }: Given): InvalidParameterError {
	return new InvalidParameterError(
		parameter,
		`was set and has no value (${String(value)})`,
		'Correct its expression, or remove it to use the default.',
	);
}

/**
 * The refusal of a text or list with nothing in it.
 *
 * @param hint what to do about it
 */
export function emptiness({ parameter, value }: Given, hint: string): InvalidParameterError {
	const cause = isMissing(value) ? `Its expression gives ${String(value)}. ` : '';
	return new InvalidParameterError(parameter, 'is empty', `${cause}${hint}`);
}

function noneOf({ parameter, value }: Given, choices: ReadonlyArray<string | number>) {
	const [first, second] = choices;
	const none = choices.length === 2 ? `neither ${first} nor ${second}` : 'none of its choices';
	return new InvalidParameterError(
		parameter,
		`is ${quote(value)}, which is ${none}`,
		`Choose one of: ${choices.join(', ')}.`,
	);
}

/** A text without blanks around, or the value as it came. */
function trimmed(value: unknown): unknown {
	return typeof value === 'string' ? value.trim() : value;
}

/** @throws {InvalidParameterError} unless it is true or false, as such or as text in any case */
export function toBoolean(given: Given): boolean {
	const value = trimmed(given.value);
	if (typeof value === 'boolean') return value;
	const word = typeof value === 'string' ? value.toLowerCase() : '';
	if (word === 'true' || word === 'false') return word === 'true';
	if (isMissing(value)) throw withoutValue(given);
	throw new InvalidParameterError(
		given.parameter,
		`is ${quote(value)}, which is neither true nor false`,
		'Set it to true or false: it is never guessed.',
	);
}

export interface NumberRange {
	min: number;
	/** No upper limit when it is left out. */
	max?: number;
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a value is, as such or as text, or the value as it came. */
function numberOr(given: Given): unknown {
	const value = trimmed(given.value);
	if (isMissing(value)) throw withoutValue(given);
	return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
}

/** @throws {InvalidParameterError} unless it is a number, as such or as text, within the range */
export function toNumber(given: Given, { min, max = Number.MAX_VALUE }: NumberRange): number {
	const value = numberOr(given);
	if (typeof value === 'number' && value >= min && value <= max) return value;
	const range = max === Number.MAX_VALUE ? `of at least ${min}` : `from ${min} to ${max}`;
	throw new InvalidParameterError(
		given.parameter,
		`is ${quote(value)}, not a number ${range}`,
		`Set it to a number ${range}, in digits alone.`,
	);
}

/** @throws {InvalidParameterError} unless it is one of the numbers, as such or as text */
export function toNumberOf<T extends number>(given: Given, choices: readonly T[]): T {
	const value = numberOr(given);
	const found = choices.find((choice) => choice === value);
	if (found !== undefined) return found;
	throw noneOf({ ...given, value }, choices);
}

/**
 * A text exactly as it is, blanks around included; numbers count as their text.
 *
 * @param hint what to do when there is none
 * @throws {InvalidParameterError} when it is empty, or no text
 */
export function toText(given: Given, hint: string): string {
	const text = toOptionalText(given, hint);
	if (text.trim() !== '') return text;
	throw emptiness(given, hint);
}

/**
 * The same, where an empty text is a value too.
 *
 * @throws {InvalidParameterError} when it was set and has no value, or is no text
 */
export function toOptionalText(given: Given, hint: string): string {
	const { parameter, value } = given;
	if (typeof value === 'bigint' || Number.isFinite(value)) return String(value);
	if (isMissing(value)) throw emptiness(given, hint);
	if (typeof value !== 'string') throw notText(given);
	if (!holdsObjectInText(value)) return value;
	throw new InvalidParameterError(
		parameter,
		'holds an object that was turned into text',
		`Choose a field of the object in each {{ }}, such as {{ $json.output.${fieldNameFor(parameter)} }}.`,
	);
}

/** The refusal of a value that should be a text. */
export function notText({ parameter, value }: Given): InvalidParameterError {
	const kind = kindOf(value);
	const field = fieldNameFor(parameter);
	const hints: Record<string, string> = {
		'a list': `Choose an entry of it, such as {{ $json.${field}s[0] }}.`,
		'an object': `Choose a field of it, such as {{ $json.output.${field} }}.`,
	};
	return new InvalidParameterError(
		parameter,
		`is ${kind}, not text`,
		hints[kind] ?? 'Set it to a text.',
	);
}

/** `Task ID` → `taskId`: how data may well call what goes into a parameter. */
function fieldNameFor(parameter: string): string {
	const [first = '', ...more] = parameter.toLowerCase().split(/\W+/);
	return first + more.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** @throws {InvalidParameterError} unless it is one of the values, in any case */
export function toChoice<T extends string>(given: Given, choices: readonly T[]): T {
	if (isMissing(given.value)) throw withoutValue(given);
	const value = trimmed(given.value);
	const word = typeof value === 'string' ? value.toLowerCase() : '';
	const found = choices.find((choice) => choice.toLowerCase() === word);
	if (found !== undefined) return found;
	throw noneOf({ ...given, value }, choices);
}

/**
 * Some of the values, each once: from a list of any depth, or a text with commas, semicolons, blanks
 * or line breaks between them, or a JSON array as text.
 *
 * @throws {InvalidParameterError} when there is none, or one is not one of the choices
 */
export function toChoices<T extends string>(given: Given, choices: readonly T[]): T[] {
	if (isMissing(given.value)) throw withoutValue(given);
	const { value: text } = given;
	if (typeof text === 'string' && holdsObjectInText(text)) throw noneOf(given, choices);
	const entries = toEntries(given.value, /[\s,;]+/);
	const chosen = new Set(
		entries.map((value) => toChoice({ parameter: given.parameter, value }, choices)),
	);
	if (chosen.size > 0) return choices.filter((choice) => chosen.has(choice));
	throw emptiness(given, `Choose at least one of: ${choices.join(', ')}.`);
}

/**
 * What a list holds, whatever its depth, and in whichever way it was given: an array, a JSON array
 * as text, or a text with `separator` between the entries. Gaps are left out.
 */
export function toEntries(value: unknown, separator: RegExp): unknown[] {
	const list = Array.isArray(value) ? value : typeof value === 'string' ? parseList(value) : null;
	if (list !== null) return list.flat(Infinity).filter((entry) => !isGap(entry));
	if (typeof value !== 'string') return isGap(value) ? [] : [value];
	return value.split(separator).filter((entry) => !isGap(entry));
}

function isGap(entry: unknown): boolean {
	return entry === null || entry === undefined || trimmed(entry) === '';
}

const listSchema = z.array(z.unknown());

/** A JSON array as text: AI Agents write those; null when it is none. */
export function parseList(text: string): unknown[] | null {
	const list = listSchema.safeParse(parseJson(text));
	return list.success ? list.data : null;
}

/** Undefined when it is no JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
