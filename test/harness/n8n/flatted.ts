import { z } from 'zod';

const tableSchema = z.array(z.unknown()).min(1);

/**
 * Reads the format in which n8n's REST API returns execution data (npm's `flatted`): an array of
 * values where, inside each, a string is the index of the value that belongs there.
 */
export function parseFlatted(text: string): unknown {
	const table = tableSchema.parse(JSON.parse(text));
	const revived = new Map<number, unknown>();

	const revive = (index: number): unknown => {
		if (revived.has(index)) return revived.get(index);
		if (!(index in table)) throw new Error(`Flatted text refers to the missing value ${index}.`);
		const value = table[index];
		if (typeof value !== 'object' || value === null) return value;
		const copy: object = Array.isArray(value) ? [] : {};
		// Before descending: a value may contain itself.
		revived.set(index, copy);
		for (const [key, part] of Object.entries(value)) {
			const revivedPart: unknown = typeof part === 'string' ? revive(Number(part)) : part;
			Object.defineProperty(copy, key, {
				value: revivedPart,
				enumerable: true,
				configurable: true,
				writable: true,
			});
		}
		return copy;
	};

	return revive(0);
}
