import type { IExecuteFunctions, IHookFunctions, INodeProperties } from 'n8n-workflow';

import { Failure, Refusal, type Settled, Thrown } from '../api/failure';
import { jsonObjectSchema } from '../api/schemas';
import { quote, type Reader } from './readers';

/** A parameter as n8n gives it, or `fallback` where the workflow does not hold it. */
type GetParameter = (name: string, fallback: unknown, options?: typeof AS_TYPED) => unknown;

/** Not evaluated: an expression begins with `=`. */
const AS_TYPED = { rawExpressions: true };

export const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
};

/**
 * The settings of one item, or those of a trigger: each the value as its reader gives it, or a refusal
 * with the parameter's name in front (`'Prompt' is empty`).
 */
export class Settings {
	private options: Settled<Settings> | undefined;

	constructor(private readonly get: GetParameter) {}

	read<T>(field: INodeProperties, reader: Reader<T>): Settled<T> {
		const { displayName, name, default: fallback } = field;
		try {
			const read = refuseBraces(this.get(name, null, AS_TYPED)) ?? reader(this.get(name, fallback));
			if (!(read instanceof Refusal)) return read;
			return new Refusal(`'${displayName}' ${read.message}`, read.hint);
		} catch (thrown) {
			return new Thrown(thrown, displayName);
		}
	}

	/** An entry of Options. n8n evaluates the expressions of all of them at once. */
	option<T>(field: INodeProperties, reader: Reader<T>): Settled<T> {
		const typed = () => this.get(optionsField.name, null, AS_TYPED);
		this.options ??= this.read(optionsField, (value) => settingsIn(value, typed()));
		return this.options instanceof Failure ? this.options : this.options.read(field, reader);
	}
}

function settingsIn(options: unknown, typed: unknown): Settled<Settings> {
	const values = jsonObjectSchema.safeParse(options).data;
	if (values === undefined) {
		const reason = `is ${quote(options)}, not a collection of options`;
		return new Refusal(reason, 'Set each option by itself.');
	}
	const allTyped = jsonObjectSchema.catch({}).parse(typed);
	return new Settings((name, fallback, asTyped) =>
		asTyped === undefined ? { [name]: fallback, ...values }[name] : allTyped[name],
	);
}

const BRACES = /\{\{[^]*?\}\}/;

/** Refuses braces in what is no expression: n8n would pass them on as they are, and they would be paid for. */
function refuseBraces(typed: unknown): Refusal | null {
	if (Array.isArray(typed)) return typed.map(refuseBraces).find((found) => found !== null) ?? null;
	if (typeof typed !== 'string' || typed.startsWith('=')) return null;
	const [braces] = BRACES.exec(typed) ?? [];
	if (braces === undefined) return null;
	const hint = 'Switch the field to Expression, so that n8n puts in the value.';
	return new Refusal(`holds ${quote(braces)} as plain text`, hint);
}

/** The settings of the Kling node for one item. */
export function settingsOf(
	context: Pick<IExecuteFunctions, 'getNodeParameter'>,
	itemIndex: number,
): Settings {
	return new Settings((name, fallback, options) =>
		context.getNodeParameter(name, itemIndex, fallback, options),
	);
}

/** The settings of the Kling Trigger. */
export function triggerSettingsOf(context: Pick<IHookFunctions, 'getNodeParameter'>): Settings {
	return new Settings((name, fallback, options) =>
		context.getNodeParameter(name, fallback, options),
	);
}

type Values<P> = { [K in keyof P]: Exclude<P[K], Failure> };

/** All the values, or one failure that names all that is wrong, in the order of the parts. */
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
	const refusals = failures.filter((failure) => failure instanceof Refusal);
	const hints = new Set(refusals.map(({ hint }) => hint).filter((hint) => hint !== ''));
	const lines = [...hints].map((hint) => {
		const ofHint = refusals.filter((refusal) => refusal.hint === hint);
		const names = ofHint.flatMap(({ message }) => NAME.exec(message) ?? []);
		return names.length === 0 ? hint : `${names.join(', ')}: ${hint}`;
	});
	return lines.join(' ');
}
