import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { IBinaryData, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { Fault } from '../emulator/control/faults';
import { type RunSettings, useKling } from '../harness/node/kling';
import { startHttpServer } from '../harness/httpServer';
import { completeAll, createTask } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

const { emulator, create, readEach, finishedTask } = useKling();

const videoRequests = () =>
	emulator.current.requests.filter(({ route }) => route === 'video').map(({ path }) => path);

/** The API key is for the API alone: not for those who serve videos. */
afterEach(() => {
	const files = emulator.current.requests.filter(({ route }) => route === 'video');
	expect(files.filter(({ authorization }) => authorization)).toEqual([]);
	expect(JSON.stringify(files)).not.toContain(emulator.current.apiKey);
});

describe('Download Video', () => {
	const fetchEach = async (
		taskIds: readonly string[],
		parameters: INodeParameters = {},
		settings: RunSettings = {},
	) => await readEach('getTask', taskIds, { downloadVideo: true, ...parameters }, settings);

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
		const taskId = await finishedTask();
		const { items, json } = await fetchEach([taskId]);
		await expectVideos(items[0], taskId, { data: 0 });
		expect(json).toMatchObject([
			{ taskId, videoUrl: emulator.current.url + videoPath(taskId), downloadError: null },
		]);
		expect(videoRequests()).toEqual([videoPath(taskId)]);
	});

	test('Wait, and Create and Wait, that look at intervals', async () => {
		const taskId = await finishedTask();
		const waited = await fetchEach([taskId], { operation: 'wait' });
		await expectVideos(waited.items[0], taskId, { data: 0 });

		clock.duringPause = async () => await completeAll(emulator.current);
		const asFilm = { downloadVideo: true, outputBinaryField: 'film' };
		const created = await create({ operation: 'createAndWait', ...asFilm });
		const ownId = emulator.current.tasks()[1]?.id ?? '';
		await expectVideos(created.items[0], ownId, { film: 0 });
		expect(created.json).toMatchObject([{ taskId: ownId, timedOut: false, downloadError: null }]);
		expect(videoRequests()).toEqual([videoPath(taskId), videoPath(ownId)]);
	});

	test('nothing is fetched unless asked for', async () => {
		const taskId = await finishedTask();
		const asFilm = { downloadVideo: false, outputBinaryField: 'film' };
		const { items, json } = await fetchEach([taskId], asFilm);
		expect(items[0]?.binary).toBeUndefined();
		expect(json[0]).not.toHaveProperty('downloadError');
		expect(videoRequests()).toEqual([]);
	});

	test('each item its own field and its own videos', async () => {
		const [one, three] = [await finishedTask(), await finishedTask('A cat [videos:3]')];
		const outputBinaryField = '=no{{ $itemIndex }}';
		const { items, json } = await fetchEach([one, three], { outputBinaryField });
		await expectVideos(items[0], one, { no0: 0 });
		await expectVideos(items[1], three, { no1: 0, no1_1: 1, no1_2: 2 });
		expect(json[1]?.videoUrls).toHaveLength(3);
		expect(items.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	test('one of several videos that is missing: the others are there', async () => {
		const taskId = await finishedTask('A cat [videos:3]');
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
		const taskId = await finishedTask();
		const raw = await fetchEach([taskId], { simplify: false, options: {} });
		const { items, json } = await fetchEach([taskId], { simplify: false });
		expect(json).toEqual(raw.json);
		expect(json).toMatchObject([{ id: taskId, output: { urls: [expect.any(String)] } }]);
		await expectVideos(items[0], taskId, { data: 0 });
	});

	test('Simplify off, and no file: the reason is the one thing added', async () => {
		const taskId = await finishedTask('A cat [video:404]');
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
		expect(videoRequests()).toEqual([]);
	});

	test.each<[string, Broken]>([
		['a 404', { prompt: '[video:404=1]' }],
		['a connection cut half-way', { prompt: '[video:cut=1]' }],
		['a connection reset', { fault: 'reset' }],
		['an overloaded host', { fault: 'http:503' }],
		['a page for people', { fault: 'html' }],
	])('after %s it is fetched again, whole', async (_, { prompt = '', fault }) => {
		const taskId = await finishedTask(`A cat ${prompt}`);
		if (fault !== undefined) emulator.current.fault({ match: { path: '/videos/' }, fault });
		const { items, json } = await fetchEach([taskId]);
		await expectVideos(items[0], taskId, { data: 0 });
		expect(json[0]?.downloadError).toBeNull();
		expect(videoRequests()).toHaveLength(2);
		expect(clock.pauses).toEqual([expect.any(Number)]);
		expect(clock.pauses[0]).toBeGreaterThanOrEqual(1_000);
	});

	const VIDEO = { 'content-type': 'video/mp4' };

	const HTML = { 'content-type': 'text/html; charset=utf-8' };
	const page = { status: 200, headers: HTML, body: '<p>' };

	test.each<[string, Broken, RegExp]>([
		['not there', { prompt: '[video:404]' }, /the file host answered 404$/],
		['always cut half-way', { prompt: '[video:cut]' }, /interrupted$/],
		['always reset', { fault: 'reset' }, /could not be reached$/],
		['a page', { fault: { body: page } }, /is no video \(it calls it text\/html; charset=utf-8\)$/],
		[
			'a page that calls itself a video',
			{ fault: { body: { ...page, headers: VIDEO } } },
			/is no video \(it calls it video\/mp4\)$/,
		],
		['an overloaded host', { fault: 'http:503' }, /answered 503$/],
		['an empty file', { fault: { body: { headers: VIDEO } } }, /empty/],
	])('%s: the task is kept, and says why', async (_, { prompt = '', fault }, reason) => {
		const taskId = await finishedTask(`A cat ${prompt}`);
		const other = await finishedTask();
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
		expect(videoRequests().filter((path) => path.includes(taskId))).toHaveLength(3);
	});

	test.each([
		['application/mp4', 'isom', 'video/mp4', 'mp4'],
		['application/x-download', 'isom', 'video/mp4', 'mp4'],
		['text/plain', 'mp42', 'video/mp4', 'mp4'],
		['video/webm', 'mp42', 'video/mp4', 'mp4'],
		['video/mp4', 'qt  ', 'video/quicktime', 'mov'],
	])(
		'a host that says %s of a file of the brand “%s”: %s, .%s',
		async (type, brand, ...expected) => {
			const [mimeType, fileExtension] = expected;
			const taskId = await finishedTask();
			const content = `\0\0\0\x18ftyp${brand}${'-'.repeat(100)}`;
			const body = { status: 200, headers: { 'content-type': type }, body: content };
			emulator.current.fault({ match: { path: '/videos/' }, fault: { body } });
			const { items } = await fetchEach([taskId]);
			expect(items[0]?.binary?.data).toMatchObject({
				mimeType,
				fileExtension,
				fileName: `${taskId}.${fileExtension}`,
			});
			expect(bytesOf(items[0]?.binary?.data).toString()).toBe(content);
		},
	);

	/** A video as another host serves it: each of its addresses leads there. */
	async function servedBy(answer: Parameters<typeof startHttpServer>[0]) {
		const taskId = await finishedTask();
		const host = await startHttpServer(answer);
		const fault = { redirect: `${host.url}/video`, status: 302 };
		emulator.current.fault({ match: { path: '/videos/' }, fault, times: 'always' });
		return { taskId, stop: host.stop };
	}

	/** Cannot be compressed: what is sent is longer than the file. */
	const NOISE = Buffer.concat([Buffer.from('\0\0\0\x18ftypisom'), randomBytes(200_000)]);

	test('a host that redirects and compresses: the file is whole, and stored as it is', async () => {
		const zipped = gzipSync(NOISE);
		const { taskId, stop } = await servedBy((_request, response) => {
			const headers = { 'content-encoding': 'gzip', 'content-length': zipped.length };
			response.writeHead(200, headers).end(zipped);
		});
		const { items, json } = await fetchEach([taskId]);
		await stop();
		expect(json[0]?.downloadError).toBeNull();
		expect(items[0]?.binary?.data?.fileName).toBe(`${taskId}.mp4`);
		expect(bytesOf(items[0]?.binary?.data).equals(NOISE)).toBe(true);
	});

	test('what a host compresses, and then cuts off, is no file', async () => {
		const zipped = gzipSync(NOISE);
		const { taskId, stop } = await servedBy((_request, response) => {
			const headers = { 'content-encoding': 'gzip', 'content-length': zipped.length };
			response.writeHead(200, headers);
			response.write(zipped.subarray(0, zipped.length / 2), () => response.destroy());
		});
		const { items, json } = await fetchEach([taskId]);
		await stop();
		expect(json[0]?.downloadError).toMatch(/interrupted$/);
		expect(items[0]?.binary ?? {}).toEqual({});
	});

	test.each([
		['a cancelled execution', null],
		['a host that drips for more than ten minutes', /took more than ten minutes$/],
	])('%s ends the download, and the connection', async (_, reason) => {
		const [cancel, tenMinutes] = [new AbortController(), new AbortController()];
		const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(tenMinutes.signal);
		let drops = 0;
		let closed = () => {};
		const connectionClosed = new Promise<void>((resolve) => (closed = resolve));
		const { taskId, stop } = await servedBy((request, response) => {
			response.writeHead(200).write(NOISE.subarray(0, 1_000));
			const dripping = setInterval(() => {
				response.write('.');
				drops += 1;
				if (drops === 3) (reason === null ? cancel : tenMinutes).abort();
			}, 5);
			request.on('close', () => {
				clearInterval(dripping);
				closed();
			});
		});
		const { json, error } = await fetchEach([taskId], {}, { signal: cancel.signal });
		await connectionClosed;
		await stop();
		if (reason === null) expect(String(error)).toContain('cancelled');
		else expect(json).toMatchObject([{ taskId, downloadError: expect.stringMatching(reason) }]);
		expect(timeout.mock.calls).toContainEqual([10 * 60_000]);
		expect(videoRequests()).toHaveLength(1);
		timeout.mockRestore();
	});
});
