/** Why the demo cannot go on: one sentence for the user. */
export class DemoFault extends Error {}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	return message.replace(/\s+/g, ' ').trim();
}
