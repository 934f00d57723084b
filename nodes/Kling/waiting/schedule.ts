/** When the tasks of a sleeping execution are looked at, and its own resume URL is called. Pure. */

/**
 * The first look. It also finds what finished between the last reading and the moment at which n8n
 * had stored the execution: the callback that came in between is lost (n8n: 409).
 */
const FIRST_LOOK_MS = 8_000;

const SECOND_LOOK_MS = 60_000;

/** Sooner than that is of no use to a wait of days, later would be too late for one. */
const LONGEST_GAP_MS = 3_600_000;

/** How long to wait before the next look, in milliseconds, after so many looks: 8 s, 1, 2, 4 … min. */
export function gapBeforeLook(looks: number, random: number): number {
	const gap =
		looks === 0 ? FIRST_LOOK_MS : Math.min(SECOND_LOOK_MS * 2 ** (looks - 1), LONGEST_GAP_MS);
	return Math.round(gap * (1 + 0.1 * random));
}

const FIRST_TRY_MS = 1_000;
const LONGEST_TRY_MS = 60_000;

/**
 * How long to wait before a try that follows so many passing faults: 1, 2, 4 … s, at most a minute,
 * unless the other side asked for more.
 *
 * @param retryAfterMs what `Retry-After` asked for, null when it was not there
 */
export function gapBeforeTry(faults: number, random: number, retryAfterMs: number | null): number {
	const grown = Math.min(FIRST_TRY_MS * 2 ** Math.max(0, faults - 1), LONGEST_TRY_MS);
	return Math.max(Math.round(grown * (1 + 0.25 * random)), retryAfterMs ?? 0);
}

/**
 * How much later than the timeout n8n's own timer is set, in milliseconds. n8n arms it up to 70 s
 * ahead and does not disarm it when something else wakes the execution: it would then end that
 * execution's next wait too early. So it must not be armed yet when the timeout is over and the last
 * reading is made.
 */
const NET_MS = 100_000;

/** n8n's timer would end the wait while files are still on their way. */
const NET_WITH_FILES_MS = 360_000;

/** How much later than the timeout n8n's own timer is set. */
export function netAfterMs(downloads: boolean): number {
	return downloads ? NET_WITH_FILES_MS : NET_MS;
}

/** How long the last reading at the timeout may take, with its tries. */
export const LAST_READING_MS = 20_000;

/** How long before n8n's timer the files must be there. */
export const FILES_MARGIN_MS = 15_000;
