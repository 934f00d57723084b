import { NodeHelpers } from 'n8n-workflow';

import { Kling } from '../../nodes/Kling/Kling.node';
import { creditNotices } from '../../nodes/Kling/parameters/video';

const { description } = new Kling();

/** The notices that are in sight for these values, as the editor decides it. */
function noticesFor(duration: number | string, sound: boolean | string): string[] {
	const values = { resource: 'video', operation: 'create', duration, sound };
	return creditNotices
		.filter((notice) => NodeHelpers.displayParameter(values, notice, null, description))
		.map(({ displayName }) => displayName);
}

describe('the price in the panel', () => {
	test.each([
		[5, false, '110 credits (about US$ 0.55)'],
		[5, true, '220 credits (about US$ 1.10)'],
		[10, false, '220 credits (about US$ 1.10)'],
		[10, true, '440 credits (about US$ 2.20)'],
		['10', 'true', 'depends on its duration and sound'],
		[10, 'true', 'depends on its sound'],
		[10, '', 'depends on its sound. Estimated credits: 10 seconds 220, with sound 440'],
		['', true, 'depends on its duration and sound'],
		[7, true, 'depends on its duration and sound'],
		['', '', 'depends on its duration and sound'],
	])('for %j seconds with sound %j is one notice: %s', (duration, sound, text) => {
		expect(noticesFor(duration, sound)).toEqual([expect.stringContaining(text)]);
	});
});
