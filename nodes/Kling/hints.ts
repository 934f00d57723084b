import type { IExecuteFunctions } from 'n8n-workflow';

/** Shows notes above the node's output after it ran. */
export function showHints(context: IExecuteFunctions, messages: readonly string[]): void {
	if (messages.length === 0) return;
	context.addExecutionHints(
		...messages.map((message) => ({ message, location: 'outputPane' as const })),
	);
}
