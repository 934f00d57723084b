import { SUMMARY, TASK_KEYS } from '../harness/node/builders';
import { useKling } from '../harness/node/kling';
import { operationErrorOf } from '../harness/node/errors';
import { completeAll, createTask } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

const { emulator, run, create, createEach, readEach, finishedTask } = useKling();

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/);

/** As the panel shows them: n8n keeps their order. */
const WAITED_KEYS = [...TASK_KEYS.slice(0, 4), 'timedOut', ...TASK_KEYS.slice(4)];
const PAID_KEYS = [...WAITED_KEYS.slice(0, 5), ...Object.keys(SUMMARY), ...WAITED_KEYS.slice(5)];

const keysOf = (json: object | undefined) => Object.keys(json ?? {});

describe('Create', () => {
	test('gives the new task, with null where there is nothing yet', async () => {
		const { items, error } = await create();
		expect(error).toBeNull();
		const nulls = Object.fromEntries(TASK_KEYS.map((key) => [key, null]));
		const json = {
			...nulls,
			taskId: UUID,
			status: 'pending',
			model: 'kling-2.6',
			videoUrls: [],
			...SUMMARY,
		};
		expect(items).toStrictEqual([{ json, pairedItem: { item: 0 } }]);
	});

	test.each([
		[5, false, 110],
		[5, true, 220],
		[10, false, 220],
		[10, true, 440],
	])(
		'of %d seconds, sound %s, estimates %d credits and is charged just that',
		async (duration, sound, credits) => {
			const { json } = await create({ duration, sound });
			expect(json[0]).toMatchObject({ estimatedCredits: credits, duration, sound });
			expect(emulator.current.tasks()).toMatchObject([{ charged: credits, duration, sound }]);
		},
	);

	test('sends the documented body and nothing else', async () => {
		await create();
		const { requests } = emulator.current;
		expect(requests).toMatchObject([{ method: 'POST', path: '/v1/videos/generations' }]);
		const image_urls = [emulator.current.imageUrl()];
		const input = { prompt: 'A cat turns its head', image_urls, duration: 5, sound: false };
		expect(requests[0]?.body).toStrictEqual({ model: 'kling-2.6', input });
	});

	test('calls an execution that a URL of the user’s wakes, and shows no more of it than where it is', async () => {
		const callbackUrl = 'https://n8n.example.org/webhook-waiting/7/approve?signature=abc';
		const { json } = await create({ callback: 'url', callbackUrl });
		expect(json[0]).toMatchObject({ callback: 'url', callbackUrl: 'https://n8n.example.org/…' });
		expect(emulator.current.tasks()).toMatchObject([{ callbackUrl }]);
	});

	test.each([
		'https://n8n.example.org/webhook/videos',
		'https://n8n.example.com/webhook/kling/abc',
	])(
		'with the URL %s as callback sends it and shows it whole, whatever the reference',
		async (callbackUrl) => {
			const options = { reference: 'https://n8n.example.com/webhook-waiting/7?signature=a' };
			const { json } = await create({ callback: 'url', callbackUrl, options });
			const [task] = emulator.current.tasks();
			expect(task?.callbackUrl).toContain(callbackUrl);
			expect(json).toMatchObject([{ callback: 'url', callbackUrl: task?.callbackUrl }]);
		},
	);
});

describe('Create and Wait', () => {
	test('gives the finished task with its request, and a link to its video', async () => {
		clock.duringPause = async () => await completeAll(emulator.current);
		const { json, error, hints } = await create({ operation: 'createAndWait' });
		expect(error).toBeNull();
		expect(hints.map(({ message }) => message)).toEqual([
			expect.stringMatching(/<a href="[^"]+\/videos\/[^"]+\.mp4"/),
			'1 video for an estimated 110 credits (about US$ 0.55) in all.',
		]);
		expect(keysOf(json[0])).toEqual(PAID_KEYS);
		const url = expect.stringContaining('/videos/');
		expect(json[0]).toMatchObject({
			taskId: UUID,
			status: 'completed',
			model: 'kling-2.6',
			videoUrl: url,
			videoUrls: [url],
			createdAt: ISO,
			completedAt: ISO,
			generationSeconds: expect.any(Number),
			failure: null,
			estimatedCredits: 110,
			timedOut: false,
		});
	});

	test('counts a task that completed without a video as paid: the API gave nothing back', async () => {
		clock.duringPause = async () => {
			const dog = emulator.current.tasks().find(({ prompt }) => prompt === 'A dog');
			await emulator.current.fail(dog?.id ?? '');
			await completeAll(emulator.current);
		};
		const { hints } = await createEach(['A cat [no-video]', 'A dog', 'A fox'], {
			operation: 'createAndWait',
		});
		expect(emulator.current.account().totalConsumed).toBe(220);
		expect(hints.map(({ message }) => message).slice(1)).toEqual([
			'2 videos for an estimated 220 credits (about US$ 1.10) in all.',
			expect.stringMatching(
				/^2 of 3 videos failed: .+\. The credits of 1 of them were given back\.$/,
			),
			expect.stringContaining('On Error'),
		]);
	});

	test('past the time gives the task, its last status and timedOut', async () => {
		const { json, error } = await create({ operation: 'createAndWait', timeout: 1 });
		expect(error).toBeNull();
		expect(keysOf(json[0])).toEqual(PAID_KEYS);
		expect(json[0]).toMatchObject({
			taskId: emulator.current.tasks()[0]?.id,
			status: expect.stringMatching(/^(pending|processing)$/),
			timedOut: true,
		});
	});
});

describe('Get Task', () => {
	test('gives a task that is under way', async () => {
		const taskId = await createTask(emulator.current);
		const { json } = await readEach('getTask', [taskId]);
		expect(keysOf(json[0])).toEqual(TASK_KEYS);
		expect(json[0]).toMatchObject({ taskId, videoUrl: null, videoUrls: [], createdAt: ISO });
		expect(json[0]).toMatchObject({ completedAt: null, generationSeconds: null, failure: null });
	});

	test('gives a finished task, and reads the Task ID of the item by default', async () => {
		const taskId = await finishedTask();
		const { items, hints } = await run({ operation: 'getTask' }, { items: [{ taskId }] });
		expect(hints).toMatchObject([{ message: expect.stringContaining(`/videos/${taskId}/`) }]);
		expect(items).toMatchObject([
			{ json: { taskId, status: 'completed', completedAt: ISO }, pairedItem: { item: 0 } },
		]);
	});

	test('gives a failed task as a result, with the API’s reason', async () => {
		const taskId = await createTask(emulator.current);
		await emulator.current.fail(taskId, { code: 'upstream_error', message: 'Too dark' });
		const { json, error } = await readEach('getTask', [taskId]);
		expect(error).toBeNull();
		expect(keysOf(json[0])).toEqual(TASK_KEYS);
		expect(json[0]).toMatchObject({
			status: 'failed',
			failure: { code: 'upstream_error', message: 'Too dark' },
		});
	});

	test('without Simplify gives the API’s object, unknown fields included', async () => {
		const taskId = await createTask(emulator.current);
		const fault = { mutate: { path: 'seed', value: { deep: [1] } } };
		emulator.current.fault({ match: {}, fault });
		const { json } = await readEach('getTask', [taskId], { simplify: false });
		expect(json[0]).toMatchObject({ id: taskId, model: 'kling-2.6', seed: { deep: [1] } });
		expect(json[0]).not.toHaveProperty('taskId');
	});

	test('with Stop on Failed Video stops the run at a failed task, naming it and the cause', async () => {
		const taskId = await createTask(emulator.current);
		await emulator.current.fail(taskId, { code: 'upstream_error', message: 'Too dark' });
		const { error } = await readEach('getTask', [taskId], { options: { throwOnFailure: true } });
		expect(error).toMatchObject({ message: expect.stringContaining(taskId) });
		expect(error).toMatchObject({ message: expect.stringContaining('Too dark') });
	});
});

describe('Wait', () => {
	test('gives the finished task and timedOut', async () => {
		const taskId = await createTask(emulator.current);
		clock.duringPause = async () => await completeAll(emulator.current);
		const { json } = await readEach('wait', [taskId]);
		expect(keysOf(json[0])).toEqual(WAITED_KEYS);
		expect(json[0]).toMatchObject({ taskId, status: 'completed', timedOut: false });
	});

	test('with Throw on Failure goes by what each item itself says', async () => {
		const [lax, strict] = [await createTask(emulator.current), await createTask(emulator.current)];
		await emulator.current.fail(lax);
		await emulator.current.fail(strict);
		const wait = async (failing: boolean, waitStrategy = 'poll') =>
			await readEach('wait', [lax, strict], {
				waitStrategy,
				options: { throwOnFailure: `={{ ${failing} && $itemIndex === 1 }}` },
			});
		const failed = [{ status: 'failed' }, { status: 'failed' }];
		expect((await wait(false)).json).toMatchObject(failed);
		// A node that sleeps cannot stop the run, also where an expression decides that.
		expect((await wait(true, '={{ "auto" }}')).json).toMatchObject(failed);
		const { error } = await wait(true);
		expect(error).toMatchObject({ message: expect.stringContaining(strict) });
	});

	test('past the time gives the taskId even when no read ever got through', async () => {
		const taskId = await createTask(emulator.current);
		emulator.current.fault({ match: {}, fault: 'http:500', times: 'always' });
		const parameters = { timeout: 1, downloadVideo: true };
		const { json, error } = await readEach('wait', [taskId], parameters);
		expect(error).toBeNull();
		expect(keysOf(json[0])).toEqual([...WAITED_KEYS, 'downloadError']);
		expect(json[0]).toMatchObject({ taskId, timedOut: true, downloadError: null });
	});

	test('never reads more often than every two seconds, whatever the interval', async () => {
		const taskId = await createTask(emulator.current);
		await readEach('wait', [taskId], { timeout: 0.5, options: { pollInterval: 0 } });
		expect(clock.pauses.length).toBeGreaterThan(2);
		// The last pause ends with the timeout; jitter takes at most a tenth.
		for (const ms of clock.pauses.slice(0, -1)) expect(ms).toBeGreaterThanOrEqual(1_800);
	});
});

describe('Get Credits', () => {
	test('gives the three numbers once per run, not per item', async () => {
		const { items } = await run({ operation: 'getCredits' }, { items: [{}, {}, {}] });
		expect(items).toHaveLength(1);
		const credits = { balance: 10_000, totalPurchased: 10_000, totalConsumed: 0 };
		expect(items[0]?.json).toStrictEqual(credits);
		expect(emulator.current.count()).toBe(1);
	});
});

test('an unknown operation is refused before anything is sent', async () => {
	const result = await run({ operation: 'textToVideo' });
	expect(operationErrorOf(result).message).toContain('textToVideo');
	expect(emulator.current.count()).toBe(0);
});
