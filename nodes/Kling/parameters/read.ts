import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { z } from 'zod';

/** A value the user must mend: which parameter, and what is wrong with it. */
export class InvalidParameterError extends Error {
	constructor(
		/** The parameter's name in the panel. */
		readonly parameter: string,
		readonly reason: string,
		readonly hint: string,
	) {
		super(`${parameter}: ${reason}`);
	}
}

/** Where readers get a node's settings from: the parameters of one item, or those of a trigger. */
export interface Settings {
	/** A parameter as n8n evaluates it, or `fallback` where the workflow does not hold it. */
	get(name: string, fallback: unknown): unknown;
	/** An entry of Options, or `fallback` where it was not added. */
	option(name: string, fallback: unknown): unknown;
}

const optionsSchema = z.record(z.unknown()).catch({});

function settingsFrom(get: Settings['get']): Settings {
	return {
		get,
		option: (name, fallback) => optionsSchema.parse(get('options', {}))[name] ?? fallback,
	};
}

/** The settings of the Kling node for one item. */
export function settingsOf(
	context: Pick<IExecuteFunctions, 'getNodeParameter'>,
	itemIndex: number,
): Settings {
	return settingsFrom((name, fallback) => context.getNodeParameter(name, itemIndex, fallback));
}

/** The settings of the Kling Trigger. */
export function triggerSettingsOf(context: IWebhookFunctions): Settings {
	return settingsFrom((name, fallback) => {
		const value: unknown = context.getNodeParameter(name, z.custom<object>().parse(fallback));
		return value;
	});
}

export interface NumberRange {
	min: number;
	max: number;
}

/** @throws {InvalidParameterError} unless it is a number, as such or as text, within the range */
export function toNumber(parameter: string, value: unknown, { min, max }: NumberRange): number {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (typeof number === 'number' && number >= min && number <= max) return number;
	throw new InvalidParameterError(
		parameter,
		`“${quote(value)}” is no number from ${min} to ${max}`,
		`Set ${parameter} to a number in that range.`,
	);
}

const MAX_QUOTE_LENGTH = 100;

/** A value as a refusal shows it, whatever it is. */
export function quote(value: unknown): string {
	const isObject = typeof value === 'object' && value !== null;
	const text = isObject ? Object.prototype.toString.call(value) : String(value);
	return text.length > MAX_QUOTE_LENGTH ? `${text.slice(0, MAX_QUOTE_LENGTH)}…` : text;
}
