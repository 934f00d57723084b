import type {
	IExecuteFunctions,
	IHookFunctions,
	INodeProperties,
	IWebhookFunctions,
} from 'n8n-workflow';
import { z } from 'zod';

import { Failure, Refusal, type Settled, Thrown } from '../api/failure';
import { quote } from './quote';
import { Invalid, type Reader } from './readers';

export type Field = Pick<INodeProperties, 'displayName' | 'name' | 'default'>;

/**
 * The settings of one item, or those of a trigger: each the value as its reader gives it, or a refusal
 * with the parameter's name in front (`'Prompt' is empty`).
 */
export interface Settings {
	/** A parameter of its own. */
	read<T>(field: Field, reader: Reader<T>): Settled<T>;
	/** An entry of Options. */
	option<T>(field: Field, reader: Reader<T>): Settled<T>;
}

/** A parameter as n8n gives it, or `fallback` where the workflow does not hold it. */
type GetParameter = (name: string, fallback: unknown, options?: typeof AS_TYPED) => unknown;

/** Not evaluated: an expression begins with `=`. */
const AS_TYPED = { rawExpressions: true };

const OPTIONS: Field = { displayName: 'Options', name: 'options', default: {} };

export function settingsFrom(get: GetParameter): Settings {
	const typed = (name: string) => get(name, null, AS_TYPED);
	const valueOf = ({ displayName, name, default: fallback }: Field): unknown => {
		try {
			return get(name, fallback);
		} catch (thrown) {
			return new Thrown(thrown, displayName);
		}
	};
	const parse = <T>(field: Field, asTyped: unknown, value: unknown, reader: Reader<T>) => {
		if (value instanceof Failure) return value;
		const parsed = bracesIn(asTyped) ?? reader(value);
		if (!(parsed instanceof Invalid)) return parsed;
		return new Refusal(`'${field.displayName}' ${parsed.reason}`, parsed.hint);
	};
	// n8n evaluates the expressions of all options at once.
	let options: Settled<Record<string, unknown>> | undefined;
	return {
		read: (field, reader) => parse(field, typed(field.name), valueOf(field), reader),
		option: (field, reader) => {
			options ??= parse(OPTIONS, null, valueOf(OPTIONS), toRecord);
			if (options instanceof Failure) return options;
			const { [field.name]: asTyped } = recordSchema.catch({}).parse(typed(OPTIONS.name));
			const isSet = Object.hasOwn(options, field.name);
			return parse(field, asTyped, isSet ? options[field.name] : field.default, reader);
		},
	};
}

const recordSchema = z.record(z.unknown());

function toRecord(value: unknown): Record<string, unknown> | Invalid {
	const record = recordSchema.safeParse(value);
	if (record.success) return record.data;
	return new Invalid(
		`is ${quote(value)}, not a collection of options`,
		'Set each option by itself.',
	);
}

const BRACES = /\{\{[^]*?\}\}/;

/** Braces in what is no expression: n8n would pass them on as they are, and they would be paid for. */
function bracesIn(asTyped: unknown): Invalid | null {
	if (Array.isArray(asTyped)) return asTyped.map(bracesIn).find((found) => found !== null) ?? null;
	if (typeof asTyped !== 'string' || asTyped.startsWith('=')) return null;
	const [braces] = BRACES.exec(asTyped) ?? [];
	if (braces === undefined) return null;
	return new Invalid(
		`holds ${quote(braces)} as plain text`,
		'Switch the field to Expression, so that n8n puts in the value.',
	);
}

/** The settings of the Kling node for one item. */
export function settingsOf(
	context: Pick<IExecuteFunctions, 'getNodeParameter'>,
	itemIndex: number,
): Settings {
	return settingsFrom((name, fallback, options) =>
		context.getNodeParameter(name, itemIndex, fallback, options),
	);
}

/** The settings of the Kling Trigger. */
export function triggerSettingsOf(
	context: Pick<IWebhookFunctions | IHookFunctions, 'getNodeParameter'>,
): Settings {
	return settingsFrom((name, fallback, options) =>
		context.getNodeParameter(name, z.custom<object>().parse(fallback), options),
	);
}

type Values<P> = { [K in keyof P]: Exclude<P[K], Failure> };

/**
 * All the values, or one failure that names everything that is wrong, in the order of the parts:
 * that of the panel.
 */
export function collect<P extends Record<string, unknown>>(parts: P): Settled<Values<P>> {
	if (isWhole(parts)) return parts;
	const all = Object.values(parts)
		.filter((part) => part instanceof Failure)
		.flatMap((failure) => (failure instanceof Several ? failure.failures : [failure]));
	// One fault can come by several ways: all options fail where one cannot be evaluated.
	const distinct = [...new Map(all.map((failure) => [failure.message, failure])).values()];
	const [only, ...others] = distinct;
	return only !== undefined && others.length === 0 ? only : new Several(distinct);
}

function isWhole<P extends Record<string, unknown>>(parts: P): parts is P & Values<P> {
	return Object.values(parts).every((part) => !(part instanceof Failure));
}

class Several extends Refusal {
	constructor(readonly failures: readonly Failure[]) {
		super(failures.map(({ message }) => message).join('; '), joinHints(failures));
	}
}

const NAME = /^'[^']+'/;

/** What to do about each, once, with the parameters in front that it is about. */
function joinHints(failures: readonly Failure[]): string {
	const namesOf = new Map<string, string[]>();
	for (const failure of failures) {
		const hint = failure instanceof Refusal ? failure.hint : '';
		const names = [...(namesOf.get(hint) ?? []), ...(NAME.exec(failure.message) ?? [])];
		if (hint !== '') namesOf.set(hint, names);
	}
	return [...namesOf]
		.map(([hint, names]) => (names.length === 0 ? hint : `${names.join(', ')}: ${hint}`))
		.join(' ');
}
