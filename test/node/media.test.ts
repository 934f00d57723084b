import type { IBinaryData, IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { Fault } from '../emulator/control/faults';
import { ODD_IMAGE_NAMES } from '../emulator/service/images';
import { useEmulator } from '../harness/node/emulator';
import { apiErrorOf, operationErrorOf } from '../harness/node/errors';
import type { KlingRun } from '../harness/node/runKling';
import { runKling } from '../harness/node/runKling';
import { createTask, creditsCharged } from '../harness/node/tasks';
import type * as Time from '../harness/node/time';
import { clock } from '../harness/node/time';

jest.mock('n8n-workflow', () =>
	jest.requireActual<typeof Time>('../harness/node/time').skipPauses(),
);
jest.setTimeout(30_000);

const emulator = useEmulator();

const imageUrl = (name?: string) => emulator.current.imageUrl(name);

/** The requests for images or videos, as their paths. */
const requested = (route: 'image' | 'video') =>
	emulator.current.requests.filter((request) => request.route === route).map(({ path }) => path);

/** The API key is for the API alone: not for those who serve images and videos. */
afterEach(() => {
	const files = emulator.current.requests.filter(
		({ route }) => route === 'image' || route === 'video',
	);
	expect(files.filter(({ authorization }) => authorization)).toEqual([]);
	expect(JSON.stringify(files)).not.toContain(emulator.current.apiKey);
});

describe('Check Images', () => {
	/** Creates a task for each item of image addresses. */
	async function createFrom(
		images: ReadonlyArray<string | string[]>,
		{ options = {}, ...run }: Partial<KlingRun> & { options?: INodeParameters } = {},
	) {
		return await runKling({
			emulator: emulator.current,
			parameters: {
				operation: 'create',
				prompt: '={{ $json.prompt ?? "A cat" }}',
				imageUrls: '={{ $json.images }}',
				callback: 'none',
				options: { checkImages: true, ...options },
			},
			items: images.map((one): IDataObject => ({ images: one })),
			...run,
		});
	}

	const NO_PICTURE = /no JPEG, PNG or WebP image/;

	/** What each image of the emulator comes to: a refusal, or null when the address is taken. */
	const VERDICTS: Record<string, RegExp | null> = {
		'photo.jpg': null,
		'photo.png': null,
		'photo.webp': null,
		'octet-stream.jpg': null,
		'no-head': null,
		redirect: null,
		missing: /it answers 404/,
		gone: /it answers 410/,
		page: NO_PICTURE,
		'page-as-jpeg.jpg': NO_PICTURE,
		'gif.gif': NO_PICTURE,
		'huge.jpg': /11\.0 MB, and at most 10 MB/,
		// No answer to a look, or none that says enough: the API may fare better.
		forbidden: null,
		error: null,
		'slow.jpg': null,
		'redirect-loop': null,
		'huge-chunked.jpg': null,
	};

	test('its table knows every image of the emulator', () => {
		expect(Object.keys(VERDICTS)).toEqual(expect.arrayContaining([...ODD_IMAGE_NAMES]));
	});

	test.each(Object.entries(VERDICTS))('%s → %s', async (name, refusal) => {
		const { error, json } = await createFrom([imageUrl(name)]);
		const own = requested('image').filter((path) => path === `/images/${name}`);
		// A loop is followed for as long as redirects are, and then given up.
		expect(own).toHaveLength(name === 'redirect-loop' ? 6 : 1);
		if (refusal === null) {
			expect(error).toBeNull();
			expect(json).toMatchObject([{ status: 'pending' }]);
			return;
		}
		const shown = operationErrorOf({ error });
		expect(shown.message).toMatch(refusal);
		expect(shown.message).toMatch(/^'Image URLs' .* \[item 0\]$/);
		expect(shown.message).toContain(imageUrl(name));
		expect(shown.description).toContain('Nothing was spent');
		expect(shown.itemIndex).toBe(0);
		expect(emulator.current.count({ route: 'create' })).toBe(0);
	});

	test('looks with a GET at the first bytes only, and names no key', async () => {
		await createFrom([imageUrl()]);
		const [look] = emulator.current.requests.filter(({ route }) => route === 'image');
		expect(look).toMatchObject({
			method: 'GET',
			headers: { range: 'bytes=0-15', accept: 'image/*' },
		});
	});

	test.each([['http://127.0.0.1:1/nobody-listens.jpg'], ['http://no-such-host.invalid/photo.jpg']])(
		'an address where nobody answers gets the benefit of the doubt: %s',
		async (url) => {
			const { error, json } = await createFrom([url]);
			expect(error).toBeNull();
			expect(json).toMatchObject([{ status: 'pending' }]);
		},
	);

	test('looks once at an address, however many items have it', async () => {
		const [one, other] = [imageUrl('one.jpg'), imageUrl('other.png')];
		const { json } = await createFrom([one, other, one, [one, other], one]);
		expect(json).toHaveLength(5);
		expect([...requested('image')].sort()).toEqual(['/images/one.jpg', '/images/other.png']);
	});

	test('one bad image among all items, and nothing is spent', async () => {
		const { error } = await createFrom([
			imageUrl(),
			[imageUrl('fine.png'), imageUrl('missing')],
			imageUrl('gone'),
		]);
		const shown = operationErrorOf({ error });
		expect(shown.message).toContain(`'Image URLs' names ${imageUrl('missing')}`);
		expect(shown.message).toMatch(/ \[item 1\]$/);
		expect(shown.itemIndex).toBe(1);
		expect(emulator.current.count({ route: 'create' })).toBe(0);
		expect(requested('image')).toHaveLength(4);
	});

	/** The error of an item whose image is missing. */
	const refusalOf = (url: string, itemIndex: number): unknown =>
		expect.stringMatching(new RegExp(`^'Image URLs' names ${url}, .* \\[item ${itemIndex}\\]$`));

	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'with %s only the items with bad images are refused',
		async (onError) => {
			const bad = imageUrl('missing');
			const { json, items, error } = await createFrom([imageUrl(), bad, imageUrl(), bad], {
				onError,
			});
			expect(error).toBeNull();
			expect(items.map((item) => item.pairedItem)).toEqual([0, 1, 2, 3].map((item) => ({ item })));
			expect(json).toMatchObject([
				{ status: 'pending' },
				{ error: refusalOf(bad, 1) },
				{ status: 'pending' },
				{ error: refusalOf(bad, 3) },
			]);
			expect(emulator.current.tasks()).toHaveLength(2);
			expect([...requested('image')].sort()).toEqual(['/images/missing', '/images/photo.jpg']);
			expect(creditsCharged(emulator.current)).toBe(220);
		},
	);

	test('the budget counts only what the check has left', async () => {
		const { json, error } = await createFrom([imageUrl(), imageUrl('missing')], {
			options: { maxCredits: 110 },
			onError: 'continueRegularOutput',
		});
		expect(error).toBeNull();
		expect(json).toMatchObject([{ status: 'pending' }, { error: expect.anything() }]);
	});

	test('nothing is looked at unless asked for', async () => {
		const { json } = await createFrom([imageUrl('missing')], { options: { checkImages: false } });
		expect(json).toMatchObject([{ status: 'pending' }]);
		expect(requested('image')).toEqual([]);
	});

	test('a second try does not look again for what is paid already', async () => {
		const items = [
			{ images: imageUrl('one.jpg'), prompt: 'One' },
			{ images: imageUrl('two.jpg'), prompt: 'Two [http:402=1]' },
		];
		const first = await createFrom([], { items, options: { concurrency: 1 } });
		expect(apiErrorOf(first).httpCode).toBe('402');
		const second = await createFrom([], {
			items,
			options: { concurrency: 1 },
			runData: first.runData,
		});
		expect(second.error).toBeNull();
		expect([...requested('image')].sort()).toEqual([
			'/images/one.jpg',
			'/images/two.jpg',
			'/images/two.jpg',
		]);
		expect(creditsCharged(emulator.current)).toBe(220);
	});

	test('a cancelled execution spends nothing', async () => {
		const controller = new AbortController();
		const running = createFrom([imageUrl('slow.jpg')], { signal: controller.signal });
		while (requested('image').length === 0) {
			await new Promise<void>((resolve) => setImmediate(resolve));
		}
		controller.abort();
		const { error } = await running;
		expect(String(error)).toContain('cancelled');
		expect(emulator.current.count({ route: 'create' })).toBe(0);
	});
});

describe('Download Video', () => {
	/** A task with a video, ready to be fetched. */
	async function completed(prompt = 'A cat'): Promise<string> {
		const taskId = await createTask(emulator.current, prompt);
		await emulator.current.complete(taskId);
		return taskId;
	}

	async function fetchEach(
		taskIds: readonly string[],
		parameters: INodeParameters = {},
		run: Partial<KlingRun> = {},
	) {
		return await runKling({
			emulator: emulator.current,
			parameters: {
				operation: 'getTask',
				taskId: '={{ $json.taskId }}',
				downloadVideo: true,
				...parameters,
			},
			items: taskIds.map((taskId) => ({ taskId })),
			...run,
		});
	}

	const bytesOf = (binary: IBinaryData | undefined) => Buffer.from(binary?.data ?? '', 'base64');

	/** The item's files are exactly these videos of the task, in this order. */
	async function expectVideos(
		item: INodeExecutionData | undefined,
		taskId: string,
		videos: Record<string, number>,
	): Promise<void> {
		const { binary = {} } = item ?? {};
		expect(Object.keys(binary)).toEqual(Object.keys(videos));
		for (const [field, index] of Object.entries(videos)) {
			const file = bytesOf(binary[field]);
			expect(file.equals(await emulator.current.videoBytes(taskId, index))).toBe(true);
			expect(binary[field]).toMatchObject({
				mimeType: 'video/mp4',
				fileType: 'video',
				fileExtension: 'mp4',
				fileName: index === 0 ? `${taskId}.mp4` : `${taskId}-${index}.mp4`,
			});
		}
	}

	/** How a video is spoilt: by its task's prompt, or by a fault. */
	interface Broken {
		prompt?: string;
		fault?: Fault;
	}

	const videoPath = (taskId: string, index = 0) => `/videos/${taskId}/${index}.mp4`;

	test('Get Task: the file, byte by byte, in one request', async () => {
		const taskId = await completed();
		const { items, json } = await fetchEach([taskId]);
		await expectVideos(items[0], taskId, { data: 0 });
		expect(json).toMatchObject([
			{ taskId, videoUrl: emulator.current.url + videoPath(taskId), downloadError: null },
		]);
		expect(requested('video')).toEqual([videoPath(taskId)]);
	});

	test('Wait, and Create and Wait, that look at intervals', async () => {
		const taskId = await completed();
		const waited = await fetchEach([taskId], { operation: 'wait', waitStrategy: 'poll' });
		await expectVideos(waited.items[0], taskId, { data: 0 });

		clock.duringPause = async () => {
			for (const { id, finishedAt } of emulator.current.tasks()) {
				if (finishedAt === undefined) await emulator.current.complete(id);
			}
		};
		const created = await runKling({
			emulator: emulator.current,
			parameters: {
				operation: 'createAndWait',
				prompt: 'A cat',
				imageUrls: imageUrl(),
				waitStrategy: 'poll',
				downloadVideo: true,
				outputBinaryField: 'film',
			},
		});
		const ownId = emulator.current.tasks()[1]?.id ?? '';
		await expectVideos(created.items[0], ownId, { film: 0 });
		expect(created.json).toMatchObject([{ taskId: ownId, timedOut: false, downloadError: null }]);
		expect(requested('video')).toEqual([videoPath(taskId), videoPath(ownId)]);
	});

	test('nothing is fetched unless asked for', async () => {
		const taskId = await completed();
		const { items, json } = await fetchEach([taskId], {
			downloadVideo: false,
			outputBinaryField: 'film',
		});
		expect(items[0]?.binary).toBeUndefined();
		expect(json[0]).not.toHaveProperty('downloadError');
		expect(requested('video')).toEqual([]);
	});

	test.each([
		['film', 'film'],
		[' film ', 'film'],
		['', 'data'],
		['   ', 'data'],
	])('the output field “%s” is %s', async (outputBinaryField, field) => {
		const taskId = await completed('A cat [videos:2]');
		const parameters = { outputBinaryField };
		const { items } = await fetchEach([taskId], parameters);
		await expectVideos(items[0], taskId, { [field]: 0, [`${field}_1`]: 1 });
	});

	test('each item its own field and its own videos', async () => {
		const [one, three] = [await completed(), await completed('A cat [videos:3]')];
		const { items, json } = await fetchEach([one, three], {
			downloadVideo: true,
			outputBinaryField: '=no{{ $itemIndex }}',
		});
		await expectVideos(items[0], one, { no0: 0 });
		await expectVideos(items[1], three, { no1: 0, no1_1: 1, no1_2: 2 });
		expect(json[1]?.videoUrls).toHaveLength(3);
		expect(items.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	test('one of several videos that is missing: the others are there', async () => {
		const taskId = await completed('A cat [videos:3]');
		const path = videoPath(taskId, 1);
		emulator.current.fault({ match: { path }, fault: 'http:404', times: 'always' });
		const { items, json } = await fetchEach([taskId]);
		await expectVideos(items[0], taskId, { data: 0, data_2: 2 });
		expect(json[0]?.downloadError).toBe(
			`${emulator.current.url}${path}: the file host answered 404`,
		);
		expect(json[0]?.videoUrls).toHaveLength(3);
	});

	test('Simplify off: the API’s own object and the file', async () => {
		const taskId = await completed();
		const raw = await fetchEach([taskId], { simplify: false, options: {} });
		const { items, json } = await fetchEach([taskId], { simplify: false });
		expect(json).toEqual(raw.json);
		expect(json).toMatchObject([{ id: taskId, output: { urls: [expect.any(String)] } }]);
		await expectVideos(items[0], taskId, { data: 0 });
	});

	test('Simplify off, and no file: the reason is the one thing added', async () => {
		const taskId = await completed('A cat [video:404]');
		const raw = await fetchEach([taskId], { simplify: false, options: {} });
		const { json } = await fetchEach([taskId], { simplify: false });
		expect(json).toEqual([
			{ ...raw.json[0], downloadError: expect.stringContaining('answered 404') },
		]);
	});

	test.each([
		'[stuck]',
		'[no-video] [pace:1ms]',
		'[no-video:output] [pace:1ms]',
		'[fail] [pace:1ms]',
	])('a task without a video has none to miss: %s', async (marker) => {
		const taskId = await createTask(emulator.current, `A cat ${marker}`);
		if (marker !== '[stuck]') {
			while (emulator.current.task(taskId).finishedAt === undefined) {
				await new Promise<void>((resolve) => setImmediate(resolve));
			}
		}
		const { items, json, error } = await fetchEach([taskId]);
		expect(error).toBeNull();
		expect(json).toMatchObject([{ taskId, videoUrl: null, downloadError: null }]);
		expect(items[0]?.binary ?? {}).toEqual({});
		expect(requested('video')).toEqual([]);
	});

	test.each<[string, Broken]>([
		['a 404', { prompt: '[video:404=1]' }],
		['a connection cut half-way', { prompt: '[video:cut=1]' }],
		['a connection reset', { fault: 'reset' }],
		['an overloaded host', { fault: 'http:503' }],
		['a page for people', { fault: 'html' }],
	])('after %s it is fetched again, whole', async (_, { prompt = '', fault }) => {
		const taskId = await completed(`A cat ${prompt}`);
		if (fault !== undefined) emulator.current.fault({ match: { path: '/videos/' }, fault });
		const { items, json } = await fetchEach([taskId]);
		await expectVideos(items[0], taskId, { data: 0 });
		expect(json[0]?.downloadError).toBeNull();
		expect(requested('video')).toHaveLength(2);
		expect(clock.pauses).toEqual([1_000]);
	});

	const page = {
		status: 200,
		headers: { 'content-type': 'text/html; charset=utf-8' },
		body: '<p>',
	};

	test.each<[string, Broken, RegExp]>([
		['not there', { prompt: '[video:404]' }, /the file host answered 404$/],
		['always cut half-way', { prompt: '[video:cut]' }, /interrupted|cut off/],
		['always reset', { fault: 'reset' }, /could not be reached$/],
		['a page', { fault: { body: page } }, /sent text\/html; charset=utf-8 instead of a video$/],
		['plain text', { fault: 'wrong-content-type' }, /sent text\/plain.* instead of a/],
		['an overloaded host', { fault: 'http:503' }, /answered 503$/],
		['an empty file', { fault: { body: { headers: { 'content-type': 'video/mp4' } } } }, /empty/],
	])('%s: the task is kept, and says why', async (_, { prompt = '', fault }, reason) => {
		const taskId = await completed(`A cat ${prompt}`);
		const other = await completed();
		if (fault !== undefined) {
			const match = { path: `/videos/${taskId}` };
			emulator.current.fault({ match, fault, times: 'always' });
		}
		const { items, json, error } = await fetchEach([taskId, other]);
		expect(error).toBeNull();
		const videoUrl = emulator.current.url + videoPath(taskId);
		expect(json[0]).toMatchObject({
			taskId,
			status: 'completed',
			videoUrl,
			downloadError: expect.stringMatching(reason),
		});
		expect(json[0]?.downloadError).toContain(videoUrl);
		expect(items[0]?.binary ?? {}).toEqual({});
		await expectVideos(items[1], other, { data: 0 });
		expect(requested('video').filter((path) => path.includes(taskId))).toHaveLength(3);
	});

	test.each([
		['video/webm', 'video/webm', 'webm'],
		['video/quicktime', 'video/quicktime', 'mov'],
		['Video/MP4; codecs="avc1"', 'video/mp4', 'mp4'],
		['application/octet-stream', 'video/mp4', 'mp4'],
		['binary/octet-stream', 'video/mp4', 'mp4'],
	])('a host that says %s: %s, .%s', async (contentType, mimeType, fileExtension) => {
		const taskId = await completed();
		const headers = { 'content-type': contentType };
		const body = { status: 200, headers, body: 'a video' };
		emulator.current.fault({ match: { path: '/videos/' }, fault: { body } });
		const { items } = await fetchEach([taskId]);
		expect(items[0]?.binary?.data).toMatchObject({
			mimeType,
			fileExtension,
			fileName: `${taskId}.${fileExtension}`,
		});
		expect(bytesOf(items[0]?.binary?.data).toString()).toBe('a video');
	});

	test('a file host that redirects is followed', async () => {
		const [taskId, elsewhere] = [await completed(), await completed()];
		const redirect = emulator.current.url + videoPath(elsewhere);
		emulator.current.fault({
			match: { path: `/videos/${taskId}` },
			fault: { redirect, status: 302 },
		});
		const { items } = await fetchEach([taskId]);
		const file = bytesOf(items[0]?.binary?.data);
		expect(file.equals(await emulator.current.videoBytes(elsewhere))).toBe(true);
		expect(items[0]?.binary?.data?.fileName).toBe(`${taskId}.mp4`);
	});

	test('a cancelled execution ends the download', async () => {
		const taskId = await completed('A cat [video:hang]');
		const controller = new AbortController();
		const running = fetchEach([taskId], {}, { signal: controller.signal });
		while (requested('video').length === 0) {
			await new Promise<void>((resolve) => setImmediate(resolve));
		}
		controller.abort();
		await running;
		expect(requested('video')).toHaveLength(1);
	});
});
