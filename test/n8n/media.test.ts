import { z } from 'zod';
import {
	asset,
	expectVideos,
	photo,
	runsOf,
	sha256,
	upload,
	type Upload,
} from '../harness/n8n/media';
import {
	jsonOf,
	numbered,
	production,
	startedByTrigger,
	TRIGGER,
	until,
	withTrigger,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { code, webhook, workflow, type NodeSettings } from '../harness/n8n/workflow';

/** What n8n decides about files: how it keeps, moves and serves them, and when it stores a video. */

const PRICE = 110;

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

	afterAll(async () => {
		await stage.n8n.restart({ WEBHOOK_URL: `${stage.n8n.url}/` });
	});
});

/** Create in a workflow with a Kling Trigger that downloads: its id and that of the task. */
async function createdForTrigger(prompt: string, parameters: Record<string, unknown>) {
	const { n8n } = stage;
	const json = production('Trigger', numbered(1), { Create: stage.creates({ prompt }) });
	const { id, start } = await stage.publish(withTrigger(json, stage.trigger(parameters)));
	await n8n.api.waitForExecution(await start(), { status: 'success' });
	return { workflowId: id, taskId: onlyTask().id };
}

/** A suspended Create and Wait: the execution’s id and the task’s. */
async function suspended(prompt: string, parameters: Record<string, unknown>) {
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

describe('a callback is answered before the download starts', () => {
	const parameters = { downloadVideo: true };

	async function callWhileItDownloads(taskId: string): Promise<void> {
		const { emulator } = stage;
		await emulator.complete(taskId);
		expect(emulator.task(taskId).callbacks.map(({ status }) => status)).toEqual([200]);
		await until(() => videoRequests().length > 0 || undefined);
		expect(await emulator.sendCallback(taskId, { times: 5, concurrently: true })).toEqual(
			Array(5).fill(200),
		);
		expect(videoRequests()).toEqual([UNANSWERED]);
	}

	/** Cuts the download that hangs, so that it is tried again. */
	async function cutTheDownload(): Promise<void> {
		await stage.emulator.goOffline();
		await stage.emulator.goOnline();
	}

	test('that of a suspended wait, and more callbacks begin no more downloads', async () => {
		const { n8n } = stage;
		const { id, taskId } = await suspended('A cat [video:hang=1]', parameters);
		await callWhileItDownloads(taskId);
		expect(await statusOf(id)).toBe('waiting');

		await cutTheDownload();
		const done = await finished(id);
		await expectVideos(stage, n8n.api.outputOf(done, 'Kling')[0], taskId, { data: 0 });
		expect(videoRequests()).toEqual([UNANSWERED, expect.objectContaining({ status: 200 })]);
		expect([runsOf(done, 'Kling'), runsOf(done, 'After')]).toEqual([1, 1]);
	});

	test('that of the Kling Trigger, and the workflow starts once, with the file', async () => {
		const { n8n } = stage;
		const { workflowId, taskId } = await createdForTrigger('A cat [video:hang=1]', parameters);
		await callWhileItDownloads(taskId);
		expect(await n8n.api.listExecutions(workflowId)).toHaveLength(1);

		await cutTheDownload();
		const executions = await startedByTrigger(n8n, workflowId, 1);
		expect(executions).toHaveLength(1);
		const items = executions.flatMap((execution) => n8n.api.outputOf(execution, TRIGGER));
		await expectVideos(stage, items[0], taskId, { data: 0 });
		expect(videoRequests()).toHaveLength(2);
	});
});

describe('with n8n’s binary data in memory', () => {
	beforeAll(async () => {
		await stage.n8n.restart({ N8N_DEFAULT_BINARY_DATA_MODE: 'default' });
	});

	test('a video is downloaded all the same, after a suspended wait too', async () => {
		const { emulator, n8n } = stage;
		const { id, taskId } = await suspended('A cat [video:cut=1]', { downloadVideo: true });
		await emulator.complete(taskId);
		const done = await finished(id);
		await expectVideos(stage, n8n.api.outputOf(done, 'Kling')[0], taskId, { data: 0 });
	});
});
