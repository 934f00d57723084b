import { send } from '../http/outgoing';
import type { Logger } from '../log';
import type { SentCallback } from '../types';

export interface CallbackMessage {
	taskId: string;
	url: string;
	body: string;
	/** Null: no such header. */
	contentType: string | null;
	/** For the log: the status the body reports, or `forged`. */
	label: string;
}

/** Posts callbacks, once each and without a second try, and knows which are in flight. */
export class CallbackSender {
	private readonly inFlight = new Set<Promise<unknown>>();

	constructor(
		private readonly log: Logger,
		private readonly timeoutMs: number,
	) {}

	/** Never rejects: a failure is part of the result. Redirects are not followed. */
	async send(message: CallbackMessage, signal: AbortSignal): Promise<SentCallback> {
		const { taskId, url, label } = message;
		const at = Date.now();
		const result: SentCallback = await send({
			method: 'POST',
			url,
			headers: {
				'user-agent': 'aivideoapi-emulator',
				...(message.contentType === null ? {} : { 'content-type': message.contentType }),
			},
			body: Buffer.from(message.body),
			timeoutMs: this.timeoutMs,
			maxBytes: 64 * 1024,
			signal,
		}).then(
			({ status }) => ({ url, at, status, durationMs: Date.now() - at }),
			(error: unknown) => {
				const reason = error instanceof Error ? error.message : String(error);
				return { url, at, status: null, error: reason, durationMs: Date.now() - at };
			},
		);
		const outcome = result.status ?? result.error ?? '';
		this.log(`→ callback task ${taskId} ${label} POST ${url} ${outcome} ${result.durationMs}ms`);
		return result;
	}

	/** Counts `work` as in flight until it ends. */
	track<T>(work: Promise<T>): Promise<T> {
		this.inFlight.add(work);
		const forget = () => this.inFlight.delete(work);
		work.then(forget, forget);
		return work;
	}

	/** Resolves when nothing is in flight, not even what began meanwhile. */
	async settled(): Promise<void> {
		while (this.inFlight.size > 0) await Promise.allSettled(this.inFlight);
	}
}
