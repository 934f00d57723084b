import { z } from 'zod';

/** Stands in for an object of n8n's of which no more than these parts is used. */
export function standIn<T>(parts: Partial<Record<keyof T, unknown>>): T {
	return z.custom<T>(() => true).parse(parts);
}
