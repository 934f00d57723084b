import fc from 'fast-check';

import {
	CREDITS_PER_SECOND,
	DURATIONS_SECONDS,
	estimateCredits,
	formatCredits,
} from '../../nodes/Kling/api/pricing';

const durations = fc.constantFrom(...DURATIONS_SECONDS);

describe('the estimate of one video', () => {
	test.each([
		[5, false, 110],
		[5, true, 220],
		[10, false, 220],
		[10, true, 440],
	] as const)('%d seconds with sound %s cost %d credits', (seconds, sound, credits) => {
		expect(estimateCredits(seconds, sound)).toBe(credits);
	});

	test('is a positive whole number of credits', () => {
		fc.assert(
			fc.property(durations, fc.boolean(), (seconds, sound) => {
				const credits = estimateCredits(seconds, sound);
				expect(Number.isInteger(credits)).toBe(true);
				expect(credits).toBeGreaterThan(0);
			}),
		);
	});

	test('grows with the duration', () => {
		fc.assert(
			fc.property(durations, durations, fc.boolean(), (one, other, sound) => {
				fc.pre(one < other);
				expect(estimateCredits(one, sound)).toBeLessThan(estimateCredits(other, sound));
			}),
		);
	});

	test('is always higher with sound than without', () => {
		fc.assert(
			fc.property(durations, (seconds) => {
				expect(estimateCredits(seconds, true)).toBeGreaterThan(estimateCredits(seconds, false));
			}),
		);
	});

	test('comes from the documented price per second', () => {
		expect(CREDITS_PER_SECOND).toEqual({ silent: 22, sound: 44 });
	});
});

describe('credits as text', () => {
	test.each([
		[110, '110 credits (about US$ 0.55)'],
		[220, '220 credits (about US$ 1.10)'],
		[440, '440 credits (about US$ 2.20)'],
	])('%d credits read as “%s”', (credits, text) => {
		expect(formatCredits(credits)).toBe(text);
	});
});
