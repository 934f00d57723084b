import { Refusal } from '../../nodes/Kling/api/failure';
import { showHints } from '../../nodes/Kling/n8n/hints';
import { resultHints, runningHints } from '../../nodes/Kling/result/hints';
import { type ItemOutcome, VideoFailed } from '../../nodes/Kling/result/item';
import type { SimplifiedTask } from '../../nodes/Kling/result/task';
import { failure, klingNode, newTask, TASK_ID } from '../harness/node/builders';

/** An item with this task. */
function item(task: Partial<SimplifiedTask>, timedOut = false): ItemOutcome {
	return { json: {}, task: { ...newTask(TASK_ID), ...task, timedOut } };
}

/** An item whose video is at this address. */
const outcome = (videoUrl: string | null) => item({ videoUrl });

const address = (number: number) => `https://example.com/${number}.mp4`;

describe('links to the videos of a run', () => {
	const videoLinks = (outcomes: ItemOutcome[]) =>
		resultHints(outcomes).filter((hint) => typeof hint === 'string');

	test('are none where no item has a video', () => {
		expect(videoLinks([outcome(null), { json: {} }])).toEqual([]);
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

/** What a node, or a tool, shows of these. */
function shown(outcomes: ItemOutcome[], type = 'kling'): string[] {
	const messages: string[] = [];
	showHints(
		{
			getNode: () => klingNode({ type }),
			addExecutionHints: (...hints) => messages.push(...hints.map(({ message }) => message)),
		},
		resultHints(outcomes),
	);
	return messages;
}

describe('what is said of videos that did not come', () => {
	const ready = outcome(address(1));
	const late = item({}, true);
	const failed = (message: string) =>
		item({ status: 'failed', failure: { code: 'upstream_error', message } });
	const warnings = (outcomes: readonly ItemOutcome[]) =>
		resultHints(outcomes).flatMap((hint) =>
			typeof hint === 'object' && hint.type === 'warning' ? [hint.message] : [],
		);

	test('counts those that failed, with the cause and where their credits are', () => {
		expect(warnings([ready, failed('Sensitive content.'), ready])).toEqual([
			'1 of 3 videos failed: Sensitive content. Its credits were given back.',
		]);
	});

	test('promises no credits of a task that completed without a video', () => {
		const withoutVideo = item({ failure: { code: 'no_video', message: 'No address' } });
		expect(warnings([withoutVideo, ready])).toEqual([
			'1 of 2 videos failed: No address. The API gives credits back only for tasks that failed there.',
		]);
		expect(warnings([withoutVideo, failed('Too dark')])).toEqual([
			'2 of 2 videos failed: No address; Too dark. The credits of 1 of them were given back.',
		]);
	});

	test('names each cause once, and three at the most', () => {
		const causes = ['one', 'two', 'one', 'three', 'four'];
		expect(warnings([...causes.map(failed), ready])).toEqual([
			'5 of 6 videos failed: one; two; three; …. Their credits were given back.',
		]);
	});

	const reason = { code: 'a', message: 'b' };
	const failedItem = new VideoFailed(TASK_ID, reason);

	test('counts failed items too, where they leave by the error output', () => {
		expect(warnings([failedItem, ready])).toEqual([
			'1 of 2 videos failed: b. Its credits were given back.',
		]);
	});

	test('names the error output where failed videos come out among the others', () => {
		const ownOutput = expect.stringContaining('set On Error to');
		expect(shown([failed('Too dark')])).toContainEqual(ownOutput);
		expect(shown([failedItem, ready])).not.toContainEqual(ownOutput);
		expect(shown([failed('Too dark')], 'klingTool')).not.toContainEqual(ownOutput);
	});

	test('names what items were refused for, each cause once', () => {
		const refused = new Refusal("'Prompt' is empty", 'Write one.');
		expect(warnings([refused, ready, refused])).toEqual([
			"2 of 3 items were not started: 'Prompt' is empty.",
		]);
		expect(warnings([refused, failure({ status: 401, code: 'invalid_api_key' })])).toEqual([
			"2 of 2 items did not go through: 'Prompt' is empty; The AI Video API refused the key.",
		]);
	});

	test('stands behind the videos and what they cost', () => {
		const hints = resultHints([ready, failed('Too dark')], ['1 video for 110 credits.']);
		const texts = hints.map((hint) => (typeof hint === 'string' ? hint : hint.message));
		expect(texts).toEqual([
			expect.stringMatching(/Open the video/),
			'1 video for 110 credits.',
			expect.stringMatching(/failed: Too dark/),
			expect.stringContaining('On Error'),
		]);
	});

	test('counts those that were late, and says how to get them', () => {
		expect(warnings([late, ready, late])).toEqual([
			'2 of 3 videos were not ready in time. Nothing is lost: use Wait for Video or Get Video with their task IDs.',
		]);
	});

	test('never lets the words of the API become a part of the page', () => {
		const [text = ''] = warnings([failed('<img src=x onerror=alert(1)> & more')]);
		expect(text).not.toContain('<');
		expect(text).toContain('&lt;img');
	});
});

describe('what is said of videos that are under way', () => {
	const createdAt = '2026-11-29T10:00:00.000Z';
	const after = (minutes: number) => Date.parse(createdAt) + minutes * 60_000;

	test.each([
		[0.5, 'The video has been under way for less than a minute.'],
		[7, 'The video has been under way for 7 min.'],
	])('after %d minutes: %s', (minutes, text) => {
		const said = runningHints([item({ createdAt })], after(minutes));
		expect(said).toEqual([expect.stringContaining(text)]);
	});

	test('counts several, and is nothing where all have ended', () => {
		const ready = outcome(address(1));
		expect(runningHints([item({}), ready, item({})], 0)).toEqual([
			expect.stringContaining('2 of 3 videos are under way.'),
		]);
		expect(runningHints([ready], 0)).toEqual([]);
	});
});
