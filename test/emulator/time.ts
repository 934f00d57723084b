const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Reads a span of time such as `300ms`, `2s`, `1.5m` or `never`.
 * @returns milliseconds (Infinity for `never`), or null when the text is none
 */
export function parseSpanMs(text: string): number | null {
	if (text === 'never') return Infinity;
	const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
	if (amount === undefined || unit === undefined) return null;
	return Number(amount) * (UNITS_MS[unit] ?? 1);
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
	if (signal.aborted || ms <= 0) return Promise.resolve();
	return new Promise((resolve) => {
		const end = () => {
			clearTimeout(timer);
			signal.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, Math.min(ms, MAX_TIMER_MS));
		signal.addEventListener('abort', end);
	});
}

/** Runs `action` after `ms`, or never when that is longer than a timer can wait. */
export function runAfter(ms: number, action: () => void): NodeJS.Timeout | null {
	if (ms > MAX_TIMER_MS) return null;
	const timer = setTimeout(action, ms);
	timer.unref();
	return timer;
}

/** Local time of day as `12:03:04.123`. */
export function clock(date: Date): string {
	const two = (value: number) => String(value).padStart(2, '0');
	const ms = String(date.getMilliseconds()).padStart(3, '0');
	return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
