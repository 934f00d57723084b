import { videoLinks } from '../../nodes/Kling/result/hints';
import type { ItemOutcome } from '../../nodes/Kling/result/item';

/** An item whose video is at this address. */
function outcome(videoUrl: string | null | undefined): ItemOutcome {
	return { ok: true, json: {}, videoUrl };
}

const address = (number: number) => `https://example.com/${number}.mp4`;

describe('links to the videos of a run', () => {
	test('are none where no item has a video', () => {
		expect(videoLinks([outcome(null), outcome(undefined)])).toEqual([]);
	});

	test('are one that says so for a single video', () => {
		expect(videoLinks([outcome(null), outcome(address(1))])).toEqual([
			`<a href="${address(1)}" target="_blank">Open the video</a>`,
		]);
	});

	test('are numbered for several videos', () => {
		expect(videoLinks([outcome(address(1)), outcome(address(2))])).toEqual([
			`Open the videos: <a href="${address(1)}" target="_blank">1</a> <a href="${address(2)}" target="_blank">2</a>`,
		]);
	});

	test('are ten at most, and say how many more there are', () => {
		const many = Array.from({ length: 25 }, (_, index) => outcome(address(index)));
		const [text = ''] = videoLinks(many);
		expect(text.match(/<a /g)).toHaveLength(10);
		expect(text).toMatch(/ and 15 more$/);
	});

	test('never let an address end the attribute it stands in, nor run a script', () => {
		const [text = ''] = videoLinks([outcome('https://example.com/"><img src=x>.mp4#"<b>')]);
		expect(text.match(/[<>]/g)).toHaveLength(4);
		expect(text.match(/"/g)).toHaveLength(4);
		expect(videoLinks([outcome('javascript:alert(1)')])).toEqual([]);
	});
});
