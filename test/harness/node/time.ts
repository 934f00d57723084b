/**
 * Time for tests of the node: pauses take no time and are recorded, and `Date.now()` moves on by
 * what was skipped. Deadlines of single requests stay real unless a test shortens them.
 *
 * A test file says once:
 * `jest.mock('n8n-workflow', () => jest.requireActual<typeof Time>('../harness/node/time').skipPauses());`
 */
type N8nWorkflow = typeof import('n8n-workflow');

/** A wait that goes on and on would otherwise read for ever. */
const MOST_PAUSES = 300;
/** Long enough for an answer on a busy machine. */
const SHORT_DEADLINE_MS = 1_000;

const realNow = Date.now.bind(Date);

/** What the pauses of one test were, and what should happen during them. */
export class Clock {
	/** The pauses asked for, in milliseconds, in order; those of no length are left out. */
	readonly pauses: number[] = [];

	/** Called during each pause, with its number from 1 on. */
	duringPause: (count: number) => Promise<void> | void = () => {};

	/** Whether the deadline of each request passes after a second: only where one has to pass. */
	shortDeadlines = false;

	/** Has deadlines pass soon where this fault holds answers back. */
	shortenFor(fault: unknown): void {
		this.shortDeadlines = /hang|drip/.test(JSON.stringify(fault));
	}

	private skippedMs = 0;

	reset(): void {
		this.pauses.length = 0;
		this.duringPause = () => {};
		this.shortDeadlines = false;
		this.skippedMs = 0;
	}

	now(): number {
		return realNow() + this.skippedMs;
	}

	async pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
		if (ms > 0) {
			this.pauses.push(ms);
			if (this.pauses.length > MOST_PAUSES) throw new Error('The node pauses without end');
			this.skippedMs += ms;
			// As in a real pause, the caller is waiting by the time that something happens.
			await new Promise<void>((resolve) => setImmediate(resolve));
			await this.duringPause(this.pauses.length);
		}
		signal?.throwIfAborted();
	}

	deadlineMs(ms: number): number {
		return this.shortDeadlines ? Math.min(ms, SHORT_DEADLINE_MS) : ms;
	}
}

export const clock = new Clock();

const realTimeout = AbortSignal.timeout.bind(AbortSignal);

/** `n8n-workflow` with everything as it is, except that `sleep` does not wait. */
export function skipPauses(): N8nWorkflow {
	const actual = jest.requireActual<N8nWorkflow>('n8n-workflow');
	Date.now = () => clock.now();
	// One for all files of a worker (Jest).
	AbortSignal.timeout = (ms) => realTimeout(clock.deadlineMs(ms));
	afterAll(() => {
		AbortSignal.timeout = realTimeout;
	});
	return { ...actual, sleep: async (ms, signal) => await clock.pause(ms, signal) };
}
