import type { IExecuteFunctions } from 'n8n-workflow';

/** A note above the node's output; a text alone is for information. */
export type Hint = string | { message: string; type: 'warning' };

/** Shows notes above the node's output after it ran. */
export function showHints(context: IExecuteFunctions, hints: readonly Hint[]): void {
	if (hints.length === 0) return;
	context.addExecutionHints(
		...hints.map((hint) => ({
			...(typeof hint === 'string' ? { message: hint } : hint),
			location: 'outputPane' as const,
		})),
	);
}

export function warning(message: string): Hint {
	return { message, type: 'warning' };
}
