import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createProxyServer } from 'http-proxy';
import { z } from 'zod';

import { startHttpServer } from '../harness/httpServer';
import { createTask } from '../harness/node/tasks';
import { isFinished, type Execution } from '../harness/n8n/api';
import {
	asset,
	expectVideos,
	photo,
	runsOf,
	sha256,
	upload,
	type Upload,
} from '../harness/n8n/media';
import { chain, jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { code, webhook, workflow, type NodeSettings } from '../harness/n8n/workflow';

/** What n8n decides about files: how it keeps, moves and serves them, and when it stores a video. */

const PRICE = 110;

const GIF_NAMED_JPG: Upload = {
	content: asset('animation.gif'),
	fileName: 'photo.jpg',
	type: 'image/jpeg',
};

const ELEVEN_MEGABYTES: Upload = {
	content: Buffer.concat([asset('photo.jpg'), Buffer.alloc(11 * 1024 * 1024)]),
	fileName: 'large.jpg',
	type: 'image/jpeg',
};

const stage = useStage();

/** The API key is for the API alone: not for those who serve images and videos. */
afterEach(() => {
	const files = stage.emulator.requests.filter(
		({ route }) => route === 'image' || route === 'video',
	);
	expect(files.filter(({ authorization }) => authorization)).toEqual([]);
});

let paths = 0;

interface Receiver {
	id: string;
	/** Uploads to the workflow's webhook; gives the id of the execution. */
	send(fields: Record<string, Upload | string>): Promise<string>;
}

/**
 * Saves and activates: an upload by webhook, then a Kling node with the images from binary fields.
 *
 * @param itemsCode makes several items of the one that was uploaded
 */
async function receive(
	parameters: Record<string, unknown>,
	{ itemsCode, ...settings }: NodeSettings & { itemsCode?: string } = {},
): Promise<Receiver> {
	paths += 1;
	const path = `upload-${paths}`;
	const { id } = await stage.n8n.api.createWorkflow(
		workflow(`Upload ${paths}`)
			.node('Webhook', webhook(path))
			.node('Items', code(itemsCode ?? 'return $input.all();'))
			.node(
				'Kling',
				stage.creates(
					{
						prompt: 'A cat',
						imageSource: 'binary',
						callback: 'none',
						...parameters,
					},
					settings,
				),
			)
			.chain('Webhook', 'Items', 'Kling')
			.json(),
	);
	await stage.n8n.api.activate(id);
	const { n8n } = stage;
	return { id, send: async (fields) => await upload(n8n, id, n8n.webhookUrl(path), fields) };
}

const onlyTask = () => {
	const [task, ...more] = stage.emulator.tasks();
	if (task === undefined || more.length > 0) throw new Error('There should be one task');
	return task;
};

const taskIds = () => stage.emulator.tasks().map(({ id }) => id);

const finished = async (id: string) =>
	await stage.n8n.api.waitForExecution(id, { status: 'success' });

const statusOf = async (id: string) => (await stage.n8n.api.getExecution(id)).status;

const videoRequests = () => stage.emulator.requests.filter(({ route }) => route === 'video');

/** What is there of a request that hangs: it came, and has no answer. */
const UNANSWERED = expect.objectContaining({ status: null });

describe.each(['filesystem', 'database'])('with n8n’s binary data mode “%s”', (mode) => {
	beforeAll(async () => {
		await stage.n8n.restart({ N8N_DEFAULT_BINARY_DATA_MODE: mode });
	});

	test('an uploaded photo becomes a video, and both arrive byte by byte', async () => {
		const { emulator, n8n } = stage;
		const { send } = await receive({
			operation: 'createAndWait',
			callback: undefined,
			downloadVideo: true,
		});
		const id = await send({ data: { ...photo(), type: 'application/octet-stream' } });
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		const { id: taskId } = onlyTask();
		await emulator.complete(taskId);
		const done = await finished(id);

		expect(emulator.task(taskId).images).toEqual([
			{
				url: expect.stringMatching(new RegExp(`^${n8n.url}/rest/binary-data/signed\\?token=`)),
				ok: true,
				bytes: asset('photo.jpg').length,
				sha256: sha256(asset('photo.jpg')),
				contentType: 'image/jpeg',
			},
		]);
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([
			{ taskId, status: 'completed', callback: 'execution', timedOut: false, downloadError: null },
		]);
		const [item] = n8n.api.outputOf(done, 'Kling');
		await expectVideos(stage, item, taskId, { data: 0 });
		expect(item?.binary?.data?.id).toMatch(new RegExp(`^${mode}`));
		expect(videoRequests()).toHaveLength(1);
		expect(emulator.account().totalConsumed).toBe(PRICE);
	});

	test('a file too large and a GIF are told by size and content', async () => {
		const { emulator, n8n } = stage;
		const { send } = await receive({});
		for (const [file, reason] of [
			[ELEVEN_MEGABYTES, 'names “data”, which has 11.0 MB'],
			[GIF_NAMED_JPG, 'names “data”, which is not a JPEG, PNG or WebP image'],
		] as const) {
			const refused = await n8n.api.waitForExecution(await send({ data: file }), {
				status: 'error',
			});
			expect(n8n.api.errorOf(refused, 'Kling')?.message).toContain(reason);
		}
		expect(emulator.requests).toEqual([]);
	});
});

describe('images from binary fields', () => {
	beforeAll(async () => {
		await stage.n8n.restart({ N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' });
	});

	test('after the execution the address still works, without login, for this file, for two days', async () => {
		const { emulator, n8n } = stage;
		const { send } = await receive({});
		await finished(await send({ data: photo() }));
		const address = new URL(onlyTask().imageUrls[0] ?? '');
		const response = await fetch(address);
		expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(asset('photo.jpg')));

		const token = address.searchParams.get('token') ?? '';
		const [, payload = ''] = token.split('.');
		const { iat, exp } = z
			.object({ iat: z.number(), exp: z.number() })
			.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
		expect(exp - iat).toBe(2 * 24 * 60 * 60);
		address.searchParams.set('token', token.slice(0, -4));
		expect((await fetch(address)).ok).toBe(false);
		expect((await fetch(`${n8n.url}/rest/binary-data?id=x`)).ok).toBe(false);
		expect(emulator.account().totalConsumed).toBe(PRICE);
	});

	/** One item for each of these fields, all with all the files. */
	const itemsFor = (...fields: string[]) =>
		`const { binary } = $input.first();
		return ${JSON.stringify(fields)}.map((field) => ({ json: { field }, binary }));`;

	test('a bad image with Continue On Fail: only its item is refused', async () => {
		const { emulator, n8n } = stage;
		const { send } = await receive(
			{ binaryPropertyName: '={{ $json.field }}', options: { concurrency: 1 } },
			{
				itemsCode: itemsFor('good', 'bad', 'nowhere', 'good'),
				onError: 'continueErrorOutput',
			},
		);
		const done = await finished(await send({ good: photo(), bad: GIF_NAMED_JPG }));
		expect(jsonOf(done, n8n, 'Kling').map(({ taskId }) => taskId)).toEqual(taskIds());
		expect(jsonOf(done, n8n, 'Kling', 1)).toMatchObject([
			{ error: expect.stringMatching(/names “bad”, which is not a JPEG.* \[item 1\]$/) },
			{ error: expect.stringContaining('names “nowhere”, which the item does not have') },
		]);
		expect(emulator.account().totalConsumed).toBe(2 * PRICE);
	});

	const MARKED = '=Of {{ $itemIndex }}{{ $itemIndex === 1 ? " [http:402=1]" : "" }}';

	/** The image address of each create that was sent, in order. */
	const sentAddresses = () =>
		stage.emulator.requests
			.filter(({ route }) => route === 'create')
			.map(({ body }) =>
				z.object({ input: z.object({ image_urls: z.tuple([z.string()]) }) }).parse(body),
			)
			.map(({ input }) => input.image_urls[0]);

	test('Retry On Fail pays once for each item, although the signed addresses differ', async () => {
		const { emulator, n8n } = stage;
		const { send } = await receive(
			{ prompt: MARKED, binaryPropertyName: 'data', options: { concurrency: 1 } },
			{
				itemsCode: itemsFor('data', 'data', 'data'),
				retryOnFail: true,
				maxTries: 3,
				waitBetweenTries: 1_100,
			},
		);
		const done = await finished(await send({ data: photo() }));
		expect(jsonOf(done, n8n, 'Kling').map(({ taskId }) => taskId)).toEqual(taskIds());
		expect(emulator.tasks().map(({ prompt }) => prompt[3])).toEqual(['0', '1', '2']);
		expect(emulator.account().totalConsumed).toBe(3 * PRICE);
		const [, refused, again] = sentAddresses();
		expect(again).not.toBe(refused);
		expect(emulator.count({ route: 'create' })).toBe(4);
	});

	test('Retry execution pays only for what was not created', async () => {
		const { emulator, n8n } = stage;
		const { send } = await receive(
			// Not the field “data”: n8n 2.0 loses the file of that one for a retry.
			{ prompt: MARKED, binaryPropertyName: 'photo', options: { concurrency: 1 } },
			{ itemsCode: itemsFor('photo', 'photo') },
		);
		const failed = await n8n.api.waitForExecution(await send({ photo: photo() }), {
			status: 'error',
		});
		expect(emulator.account().totalConsumed).toBe(PRICE);
		const done = await finished(await n8n.api.retryExecution(failed.id));
		expect(jsonOf(done, n8n, 'Kling').map(({ taskId }) => taskId)).toEqual(taskIds());
		expect(emulator.account().totalConsumed).toBe(2 * PRICE);
		for (const taskId of taskIds()) await emulator.complete(taskId);
		expect(emulator.tasks().flatMap(({ images }) => images.map((image) => image.sha256))).toEqual([
			sha256(asset('photo.jpg')),
			sha256(asset('photo.jpg')),
		]);
	});

	test('Dry Run tells of a login page before the files, and of one behind which they come', async () => {
		const { emulator, n8n } = stage;
		const passOn = createProxyServer({ target: n8n.url });
		const doors: Record<string, RegExp> = {
			'/webhook alone is open': /^\/webhook\//,
			'files are open, too': /^\/(webhook|rest\/binary-data\/signed)/,
		};
		let door = '';
		const login = await startHttpServer((request, response) => {
			if (doors[door]?.test(request.url ?? '') === true) passOn.web(request, response);
			else response.writeHead(302, { location: '/login?next=x' }).end();
		});
		await n8n.restart({ WEBHOOK_URL: login.url });
		const { send } = await receive({ options: { dryRun: true } });

		door = '/webhook alone is open';
		const refused = await n8n.api.waitForExecution(await send({ data: photo() }), {
			status: 'error',
		});
		expect(n8n.api.errorOf(refused, 'Kling')).toMatchObject({
			message: `'Input Data Field Name' cannot be used, since the AI Video API cannot fetch the file from this n8n: ${login.url} redirects to ${login.url}/login [item 0]`,
			description: expect.stringContaining('/rest/binary-data/signed'),
		});

		door = 'files are open, too';
		const done = await finished(await send({ data: photo() }));
		expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ dryRun: true, estimatedCredits: PRICE }]);

		await login.stop();
		const unreachable = await finished(await send({ data: photo() }));
		expect(jsonOf(unreachable, n8n, 'Kling')).toMatchObject([{ dryRun: true }]);
		expect(emulator.count({ route: 'create' })).toBe(0);
	});

	afterAll(async () => {
		await stage.n8n.restart({ WEBHOOK_URL: `${stage.n8n.url}/` });
	});
});

const TRIGGER = 'When a video ends';

/** An item with a downloaded video, and the task it is of. */
interface Result {
	taskId: string;
	execution: Execution;
	node: string;
}

interface Parameters {
	simplify?: boolean;
	downloadVideo: boolean;
	outputBinaryField?: string;
}

/** Create in a workflow with a Kling Trigger that downloads: its id and that of the task. */
async function createdForTrigger(prompt: string, parameters: Parameters) {
	const { n8n } = stage;
	const json = production('Trigger', numbered(1), { Create: stage.creates({ prompt }) });
	const { nodes } = workflow('Trigger')
		.node(TRIGGER, stage.trigger({ ...parameters }))
		.json();
	const { id, start } = await stage.publish({ ...json, nodes: [...json.nodes, ...nodes] });
	await n8n.api.waitForExecution(await start(), { status: 'success' });
	return { workflowId: id, taskId: onlyTask().id };
}

/** The executions that the trigger of a workflow started. */
async function triggered(workflowId: string): Promise<Execution[]> {
	const { api } = stage.n8n;
	const summaries = (await api.listExecutions(workflowId)).filter(({ status }) =>
		isFinished(status),
	);
	const executions = await Promise.all(summaries.map(async ({ id }) => await api.getExecution(id)));
	return executions.filter((execution) => runsOf(execution, TRIGGER) > 0);
}

/** A suspended Create and Wait: the execution’s id and the task’s. */
async function suspended(prompt: string, parameters: Parameters) {
	const { start } = await stage.publish(
		production('Suspended', numbered(1), {
			Kling: stage.creates({ operation: 'createAndWait', prompt, ...parameters }),
			After: stage.kling({ operation: 'getCredits' }),
		}),
	);
	const id = await start();
	await stage.n8n.api.waitForExecution(id, { status: 'waiting' });
	return { id, taskId: onlyTask().id };
}

/** The ways to a finished task that lead through a webhook. */
const WAYS: Record<string, (prompt: string, parameters: Parameters) => Promise<Result>> = {
	'Create and Wait, suspended': async (prompt, parameters) => {
		const { id, taskId } = await suspended(prompt, parameters);
		await stage.emulator.complete(taskId);
		return { taskId, execution: await finished(id), node: 'Kling' };
	},
	'Kling Trigger': async (prompt, parameters) => {
		const { workflowId, taskId } = await createdForTrigger(prompt, parameters);
		await stage.emulator.complete(taskId);
		const execution = await until(async () => (await triggered(workflowId))[0]);
		return { taskId, execution, node: TRIGGER };
	},
};

describe.each(Object.entries(WAYS))('Download Video: %s', (_, reach) => {
	test('several videos, each whole and in its own field', async () => {
		const { emulator, n8n } = stage;
		const { taskId, execution, node } = await reach('A cat [videos:3] [video:cut=1]', {
			downloadVideo: true,
			outputBinaryField: 'film',
		});
		const [item] = n8n.api.outputOf(execution, node);
		await expectVideos(stage, item, taskId, { film: 0, film_1: 1, film_2: 2 });
		expect(item?.json).toMatchObject({
			taskId,
			status: 'completed',
			videoUrl: `${emulator.url}/videos/${taskId}/0.mp4`,
			downloadError: null,
		});
		expect(item?.json.videoUrls).toHaveLength(3);
		// The first download was cut half-way, and only it was fetched again.
		expect(videoRequests().map(({ path }) => path.at(-5))).toEqual(['0', '0', '1', '2']);
	});

	test('a page instead of a video, Simplify off: the API’s own object, and why there is no file', async () => {
		const { emulator, n8n } = stage;
		emulator.fault({ match: { path: '/videos/' }, fault: 'html', times: 'always' });
		const parameters = { simplify: false, downloadVideo: true };
		const { taskId, execution, node } = await reach('A cat', parameters);
		const [item] = n8n.api.outputOf(execution, node);
		expect(item?.json).toMatchObject({
			id: taskId,
			output: { urls: [expect.stringContaining(taskId)] },
			downloadError: expect.stringMatching(/is no video \(it calls it text\/html.*\)$/),
		});
		expect(item?.binary ?? {}).toEqual({});
		expect(videoRequests()).toHaveLength(3);
	});
});

describe('Get Video from a file host', () => {
	const video = Buffer.concat([Buffer.from('\0\0\0\x18ftypisom'), randomBytes(200_000)]);

	/** The item of Get Video for a task whose video another host serves, in so many bytes of the answer. */
	async function fetchFrom(
		headers: Record<string, string>,
		content: Buffer,
		sent = content.length,
	) {
		const { emulator, n8n } = stage;
		const host = await startHttpServer((_request, response) => {
			response.writeHead(200, { 'content-length': content.length, ...headers });
			response.write(content.subarray(0, sent), () =>
				response[sent < content.length ? 'destroy' : 'end'](),
			);
		});
		const fault = { redirect: `${host.url}/video`, status: 302 };
		emulator.fault({ match: { path: '/videos/' }, fault, times: 'always' });
		const taskId = await createTask(emulator, 'A cat');
		await emulator.complete(taskId);
		const node = stage.kling({ operation: 'getTask', downloadVideo: true });
		const done = await stage.run(chain('Get', [{ taskId }], { Kling: node }), 'success');
		await host.stop();
		const [item] = n8n.api.outputOf(done, 'Kling');
		return { error: item?.json.downloadError, file: item?.binary?.data };
	}

	const GZIP = { 'content-encoding': 'gzip' };

	test.each<[string, Record<string, string>, Buffer]>([
		['that calls it application/x-download', { 'content-type': 'application/x-download' }, video],
		['that calls it text/plain', { 'content-type': 'text/plain' }, video],
		['that compresses', GZIP, gzipSync(video)],
	])('%s: the file, byte by byte', async (_, headers, content) => {
		const { error, file } = await fetchFrom(headers, content);
		expect(error).toBeNull();
		expect(file).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4' });
		const stored = file === undefined ? Buffer.alloc(0) : await stage.n8n.api.binaryData(file);
		expect(sha256(stored)).toBe(sha256(video));
	});

	test.each([
		['that cuts it off', {}, video],
		['that compresses it and cuts it off', GZIP, gzipSync(video)],
	])('%s: no file', async (_, headers, content) => {
		const { error, file } = await fetchFrom(headers, content, 100_000);
		expect(error).toMatch(/the download was interrupted$/);
		expect(file).toBeUndefined();
	});
});

describe('a callback is answered before the download starts', () => {
	const parameters = { downloadVideo: true };

	/** Cuts the download that hangs, so that it is tried again. */
	async function cutTheDownload(): Promise<void> {
		await stage.emulator.goOffline();
		await stage.emulator.goOnline();
	}

	test('that of a suspended wait, and more callbacks begin no more downloads', async () => {
		const { emulator, n8n } = stage;
		const { id, taskId } = await suspended('A cat [video:hang=1]', parameters);
		await emulator.complete(taskId);
		expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([200]);
		await until(() => videoRequests().length > 0 || undefined);
		expect(await emulator.sendCallback(taskId, { times: 5, concurrently: true })).toEqual(
			Array(5).fill(200),
		);
		expect(videoRequests()).toEqual([UNANSWERED]);
		expect(await statusOf(id)).toBe('waiting');

		await cutTheDownload();
		const done = await finished(id);
		await expectVideos(stage, n8n.api.outputOf(done, 'Kling')[0], taskId, { data: 0 });
		expect(videoRequests()).toEqual([UNANSWERED, expect.objectContaining({ status: 200 })]);
		expect([runsOf(done, 'Kling'), runsOf(done, 'After')]).toEqual([1, 1]);
	});

	test('that of the Kling Trigger, and the workflow starts once, with the file', async () => {
		const { emulator, n8n } = stage;
		const { workflowId, taskId } = await createdForTrigger('A cat [video:hang=1]', parameters);
		await emulator.complete(taskId);
		expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([200]);
		await until(() => videoRequests().length > 0 || undefined);
		expect(await emulator.sendCallback(taskId, { times: 5, concurrently: true })).toEqual(
			Array(5).fill(200),
		);
		expect(videoRequests()).toEqual([UNANSWERED]);
		expect(await triggered(workflowId)).toEqual([]);

		await cutTheDownload();
		const executions = await until(async () => {
			const started = await triggered(workflowId);
			return started.length > 0 ? started : undefined;
		});
		expect(executions).toHaveLength(1);
		const items = executions.flatMap((execution) => n8n.api.outputOf(execution, TRIGGER));
		await expectVideos(stage, items[0], taskId, { data: 0 });
		expect(videoRequests()).toHaveLength(2);
	});

	test('of a wait for many: one video that is missing keeps none of the others from its item', async () => {
		const { emulator, n8n } = stage;
		const { start } = await stage.publish(
			production('Three', numbered(3), {
				Kling: stage.creates({
					operation: 'createAndWait',
					prompt: '={{ $json.number === 1 ? "A dog [video:404]" : "A cat" }}',
					downloadVideo: true,
					options: { concurrency: 1 },
				}),
			}),
		);
		const id = await start();
		await n8n.api.waitForExecution(id, { status: 'waiting' });
		for (const taskId of taskIds()) await emulator.complete(taskId);
		const done = await finished(id);
		const items = n8n.api.outputOf(done, 'Kling');
		expect(items.map(({ json }) => json.taskId)).toEqual(taskIds());
		const [first = '', , third = ''] = taskIds();
		await expectVideos(stage, items[0], first, { data: 0 });
		expect(items[1]?.json.downloadError).toContain('404');
		await expectVideos(stage, items[2], third, { data: 0 });
	});
});

describe('with n8n’s binary data in memory', () => {
	beforeAll(async () => {
		await stage.n8n.restart({ N8N_DEFAULT_BINARY_DATA_MODE: 'default' });
	});

	test('a video is downloaded all the same, after a suspended wait too', async () => {
		const { emulator, n8n } = stage;
		const { id, taskId } = await suspended('A cat [video:cut=1]', {
			downloadVideo: true,
		});
		await emulator.complete(taskId);
		const done = await finished(id);
		await expectVideos(stage, n8n.api.outputOf(done, 'Kling')[0], taskId, { data: 0 });
	});
});
