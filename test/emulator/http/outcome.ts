import type { Answer } from './answer';
import type { ArmedFault } from '../control/faults';

/** A request as the routes see it: complete and with its path taken apart. */
export interface EmulatorRequest {
	readonly method: string;
	/** Without the query, not decoded. */
	readonly path: string;
	readonly query: URLSearchParams;
	/** Lower-case names. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
}

/** What a route makes of a request. */
export interface Outcome {
	readonly answer: Answer;
	/** A fault that the request asked for itself, by its prompt or address. */
	readonly fault?: ArmedFault;
	readonly taskId?: string;
	/** Rest of the log line. */
	readonly note?: string;
}
