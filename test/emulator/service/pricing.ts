const CREDITS_PER_SECOND = { soundOff: 22, soundOn: 44 } as const;

/** The price of one task in credits; `duration` in seconds. */
export function priceOf(duration: 5 | 10, sound: boolean): number {
	return duration * (sound ? CREDITS_PER_SECOND.soundOn : CREDITS_PER_SECOND.soundOff);
}
