import { parseArgs } from 'node:util';
import { z } from 'zod';

const optionsSchema = z.object({
	/** Length of one generation in the throughput rows, in seconds. */
	length: z.coerce.number().positive(),
	/** Generations in the throughput rows. */
	count: z.coerce.number().int().positive(),
	/** Suspended executions in the memory row. */
	waiting: z.coerce.number().int().positive(),
	/** Only these parts, comma-separated; the README is then left as it is. */
	only: z
		.string()
		.transform((text) => text.split(','))
		.optional(),
});

export type BenchOptions = z.infer<typeof optionsSchema>;

/** Reads the command line. */
export function readOptions(args: string[]): BenchOptions {
	const { values } = parseArgs({
		args,
		options: {
			length: { type: 'string', default: '15' },
			count: { type: 'string', default: '200' },
			waiting: { type: 'string', default: '1000' },
			only: { type: 'string' },
		},
	});
	return optionsSchema.parse(values);
}
