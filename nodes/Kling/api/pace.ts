import { abortable, pause, within } from '../n8n/async';
import { ApiFailure } from './failure';
import { AFTER_FAULT, isRateLimit, MAX_LIMITED_MS, MAX_PAUSE_MS, pauseMs } from './retry';

/**
 * The pace of the requests to one account. It is free until the API says that there are too many:
 * then all pause, and go on one after another, one more at once after each that succeeds.
 */
export class Pace {
	hasSucceeded = false;
	private pausedUntil = 0;
	private pausedBy: ApiFailure | null = null;
	private limitedSince: number | null = null;
	private refusals = 0;
	private atOnce = Infinity;
	private underWay = 0;
	/** Called with each request that has left: they look again whether there is a place. */
	private readonly waiting: Array<() => void> = [];

	/**
	 * Waits for a place, which {@link leave} has to give back, and gives null; else why nothing is to be sent.
	 *
	 * @param mayWait false: no pause that the API asked for is waited for
	 * @param withinMs how long others are waited for at most
	 * @throws {CancelledError} when the execution was cancelled
	 */
	async enter(
		mayWait: boolean,
		signal?: AbortSignal,
		withinMs = Infinity,
	): Promise<ApiFailure | null> {
		const endsAt = Date.now() + withinMs;
		for (;;) {
			const leftMs = this.pausedUntil - Date.now();
			// After giving up nothing waits, but requests after the pause are sent.
			const isWaitedFor = mayWait && !this.isGivenUp();
			if (this.pausedBy !== null && leftMs > (isWaitedFor ? MAX_PAUSE_MS : 0)) {
				return notSent(this.pausedBy, leftMs);
			}
			if (leftMs > 0) await pause(leftMs, signal);
			else if (this.underWay < this.atOnce) {
				this.underWay += 1;
				return null;
			} else {
				const left = new Promise<void>((resolve) => void this.waiting.push(resolve));
				const turn = abortable(left, signal);
				await (endsAt === Infinity ? turn : within(endsAt - Date.now(), turn, undefined));
				if (Date.now() >= endsAt && this.pausedBy !== null) return notSent(this.pausedBy, 0);
			}
		}
	}

	leave(failure: ApiFailure | null): void {
		this.underWay -= 1;
		if (failure === null) {
			this.hasSucceeded = true;
			this.limitedSince = null;
			this.refusals = 0;
			this.atOnce += 1;
		} else this.slowDown(failure);
		for (const wake of this.waiting.splice(0)) wake();
	}

	/** Whether the rate limit has refused everything for too long. */
	isGivenUp(): boolean {
		return this.limitedSince !== null && Date.now() - this.limitedSince > MAX_LIMITED_MS;
	}

	private slowDown(failure: ApiFailure): void {
		const { retryAfterMs } = failure.detail;
		const now = Date.now();
		let leftAloneMs = retryAfterMs ?? 0;
		if (isRateLimit(failure.detail)) {
			// Those that were under way together count as one.
			if (now >= this.pausedUntil) this.refusals += 1;
			this.limitedSince ??= now;
			this.atOnce = 1;
			leftAloneMs = pauseMs(AFTER_FAULT, Math.max(1, this.refusals), retryAfterMs);
		}
		if (leftAloneMs === 0 || now + leftAloneMs <= this.pausedUntil) return;
		this.pausedUntil = now + leftAloneMs;
		this.pausedBy = failure;
	}
}

function notSent({ detail: { call, text } }: ApiFailure, leftMs: number): ApiFailure {
	return new ApiFailure({ call, kind: 'paused', text, retryAfterMs: leftMs });
}
