/**
 * Time that tests move. `Date.now()`, `AbortSignal.timeout` and, for the processes of `n8n.ts`, the
 * `sleep` of n8n-workflow go by it; nothing else waits in the code that is shipped.
 */

interface Timer {
	/** In milliseconds since 1970. */
	at: number;
	ring: () => void;
}

const START = Date.UTC(2026, 0, 1);

export class Clock {
	now = START;

	/** The soonest first; of one moment, in the order they were set. */
	private timers: Timer[] = [];

	/** Nothing that was set before rings any more. */
	reset(): void {
		this.now = START;
		this.timers = [];
	}

	at(at: number, ring: () => void): void {
		let [low, high] = [0, this.timers.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.timers[middle]?.at ?? Infinity) <= at) low = middle + 1;
			else high = middle;
		}
		this.timers.splice(low, 0, { at, ring });
	}

	async sleep(ms: number): Promise<void> {
		await new Promise<void>((resolve) => this.at(this.now + ms, resolve));
	}

	/** Moves on, and lets everything happen that happens until then. */
	async advance(ms: number): Promise<void> {
		const end = this.now + ms;
		await settle();
		for (let next = this.timers[0]; next !== undefined && next.at <= end; next = this.timers[0]) {
			this.now = Math.max(this.now, next.at);
			this.timers.shift();
			next.ring();
			if (this.timers[0]?.at !== next.at) await settle();
		}
		this.now = end;
	}
}

/** Resolves when all that can go on without time has done so. */
async function settle(): Promise<void> {
	await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Puts the clock in the place of time for the tests of one file; pauses lose what is random in them. */
export function useClock(): Clock {
	const clock = new Clock();
	beforeEach(() => {
		clock.reset();
		jest.spyOn(Date, 'now').mockImplementation(() => clock.now);
		jest.spyOn(Math, 'random').mockReturnValue(0.5);
		jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
			const controller = new AbortController();
			clock.at(clock.now + ms, () => controller.abort());
			return controller.signal;
		});
	});
	afterEach(() => jest.restoreAllMocks());
	return clock;
}
