import { withoutKeys } from '../api/redact';

const MAX_LENGTH = 60;

/** Whether an object was turned into text, as n8n does when anything stands beside its `{{ }}`. */
export const holdsObjectInText = (text: string) => /\[object \w+\]/.test(text);

/** What kind of value it is that is no text: `a list`, `an object`, `a file`, `true`. */
export function kindOf(value: unknown): string {
	if (Array.isArray(value)) return 'a list';
	if (typeof value === 'function') return 'a function';
	if (typeof value === 'object' && value !== null)
		return 'mimeType' in value ? 'a file' : 'an object';
	return String(value);
}

/** A value as a refusal shows it: briefly, on one line, and never with a key in it. */
export function quote(value: unknown): string {
	if (typeof value !== 'string') return kindOf(value);
	if (value.trim() === '') return 'empty';
	if (holdsObjectInText(value)) return 'an object that was turned into text';
	const characters = [...withoutKeys(value).replace(/\s+/g, ' ').trim()];
	const start = characters.slice(0, MAX_LENGTH).join('');
	return `“${start}${characters.length > MAX_LENGTH ? '…' : ''}”`;
}
