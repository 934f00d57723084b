/** The durations that Kling 2.6 offers, in seconds (API docs). */
export const DURATIONS_SECONDS = [5, 10] as const;

export type DurationSeconds = (typeof DURATIONS_SECONDS)[number];

/** Credits for each second of video (API docs). They may change, so all that is made of them is an estimate. */
export const CREDITS_PER_SECOND = { silent: 22, sound: 44 } as const;

/** The approximate price of one credit, in US dollars (API docs of sibling models). */
const USD_PER_CREDIT = 0.005;

/** What one video will probably cost, in credits. */
export function estimateCredits(durationSeconds: DurationSeconds, sound: boolean): number {
	return durationSeconds * (sound ? CREDITS_PER_SECOND.sound : CREDITS_PER_SECOND.silent);
}

/** `110` → `110 credits (about US$ 0.55)`. */
export function formatCredits(credits: number): string {
	return `${credits} credits (about US$ ${(credits * USD_PER_CREDIT).toFixed(2)})`;
}
