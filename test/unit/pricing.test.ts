import { estimateCredits, formatCredits } from '../../nodes/Kling/api/pricing';

describe('the estimate of one video', () => {
	test.each([
		[5, false, 110],
		[5, true, 220],
		[10, false, 220],
		[10, true, 440],
	] as const)('%d seconds with sound %s cost %d credits', (seconds, sound, credits) => {
		expect(estimateCredits(seconds, sound)).toBe(credits);
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
