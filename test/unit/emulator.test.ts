import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { startHttpServer } from '../harness/httpServer';
import { startEmulator, type Emulator } from '../emulator';

const createdSchema = z.object({ data: z.object({ taskId: z.string().uuid() }) });
const errorSchema = z.object({
	error: z.object({ code: z.string(), message: z.string(), type: z.string() }).strict(),
});

interface Reply {
	status: number;
	json: unknown;
}

let emulator: Emulator;

beforeAll(async () => {
	emulator = await startEmulator({ paceMs: Infinity });
});

afterEach(async () => {
	await emulator.goOnline();
	emulator.reset();
});

afterAll(() => emulator.stop());

async function call(path: string, init: RequestInit = {}): Promise<Reply> {
	const response = await fetch(emulator.url + path, { redirect: 'manual', ...init });
	const json: unknown = await response.json().catch(() => undefined);
	return { status: response.status, json };
}

const bearer = (key = emulator.apiKey) => ({ authorization: `Bearer ${key}` });

const get = async (path: string, key?: string) => await call(path, { headers: bearer(key) });

function create(input: object = {}, extra: object = {}, key?: string): Promise<Reply> {
	const whole = { prompt: 'A cat', image_urls: [emulator.imageUrl()], ...input };
	const body = JSON.stringify({ model: 'kling-2.6', ...extra, input: whole });
	const headers = { ...bearer(key), 'content-type': 'application/json' };
	return call('/v1/videos/generations', { method: 'POST', headers, body });
}

async function createTask(input: object = {}, extra: object = {}, key?: string): Promise<string> {
	return createdSchema.parse((await create(input, extra, key)).json).data.taskId;
}

const errorOf = ({ status, json }: Reply) => ({ status, ...errorSchema.parse(json).error });

async function control(method: string, path: string, body?: unknown): Promise<Reply> {
	return await call(`/_emulator/${path}`, { method, body: JSON.stringify(body) });
}

async function withReceiver(use: (url: string, received: unknown[]) => Promise<void>) {
	const received: unknown[] = [];
	const take = async (request: IncomingMessage, response: ServerResponse) => {
		received.push(await json(request));
		response.end();
	};
	const server = await startHttpServer((request, response) => void take(request, response));
	try {
		await use(`${server.url}/callback`, received);
	} finally {
		await server.stop();
	}
}

const tooLong = 'x'.repeat(2501);
const base64 = 'data:image/png;base64,AA==';
it.each<[message: string, input: object, extra?: object]>([
	["'input.duration' must be 5 or 10 for Kling 2.6.", { duration: '5' }],
	["'input.prompt' must not be empty.", { prompt: '' }],
	["'input.prompt' must be at most 2500 characters.", { prompt: tooLong }],
	["'input.image_urls' is required.", { image_urls: undefined }],
	["'input.image_urls[0]' must be", { image_urls: [base64] }],
	["'input.sound' must be of type boolean.", { sound: 'true' }],
	["Unknown field 'input.negative_prompt'.", { negative_prompt: null }],
	["Unknown field 'seed'.", {}, { seed: 1 }],
	["'callback_url' must be an http or https URL.", {}, { callback_url: 'ftp://a/b' }],
	["'model' is required.", {}, { model: undefined }],
	["'input.prompt' holds the emulator marker", { prompt: '[fault:nonsense]' }],
])('a create is refused: %s', async (message, input, extra = {}) => {
	const error = errorOf(await create(input, extra));
	expect(error).toMatchObject({
		status: 400,
		code: 'invalid_request',
		type: 'invalid_request_error',
	});
	expect(error.message).toContain(message);
	expect(emulator.tasks()).toHaveLength(0);
	expect(emulator.account().balance).toBe(10000);
});

describe('tasks', () => {
	const begun = (id: string) => ({ id, model: 'kling-2.6', created_at: expect.any(Number) });
	const read = async (id: string) => (await get(`/v1/tasks/${id}`)).json;

	it('pass from pending to processing to completed', async () => {
		const id = await createTask();
		expect(await read(id)).toEqual({ ...begun(id), status: 'pending', progress: null });
		while (emulator.task(id).status === 'pending') await new Promise(setImmediate);
		expect(await read(id)).toEqual({ ...begun(id), status: 'processing', progress: null });
		await emulator.complete(id);
		const completed = await read(id);
		expect(completed).toEqual({
			...begun(id),
			status: 'completed',
			completed_at: expect.any(Number),
			output: {
				urls: [`${emulator.url}/videos/${id}/0.mp4`],
				metadata: { model: 'kling-2.6/image-to-video' },
			},
		});
		expect(completed).toMatchObject({ created_at: Math.floor(emulator.task(id).createdAt / 1000) });
		expect(emulator.task(id).reads).toBe(3);
	});
});

describe('callbacks', () => {
	it('carry what a read shows, once', async () => {
		await withReceiver(async (url, received) => {
			const id = await createTask({}, { callback_url: url });
			await emulator.complete(id);
			expect(received).toEqual([(await get(`/v1/tasks/${id}`)).json]);
			expect(emulator.task(id).callbacks).toMatchObject([{ url, status: 200 }]);
		});
	});
});

it('control over HTTP finishes tasks, sends callbacks and tells what happened', async () => {
	await withReceiver(async (url, received) => {
		const [one, two] = [await createTask(), await createTask({}, { callback_url: url })];
		await control('POST', `tasks/${one}/complete`);
		await control('POST', `tasks/${two}/fail`, { code: 'x', message: 'y' });
		const forged = await control('POST', `tasks/${one}/callback`, { url, body: { a: 1 } });
		expect(forged.json).toEqual({ statuses: [200] });
		expect(received).toMatchObject([{ error: { code: 'x' } }, { a: 1 }]);
		expect((await control('GET', 'tasks')).json).toMatchObject([
			{ id: one, status: 'completed' },
			{ id: two, status: 'failed' },
		]);
		expect((await control('GET', `tasks/${two}`)).json).toMatchObject({ refunded: 110 });
		expect((await control('GET', 'ledger')).json).toMatchObject({
			entries: [{ amount: -110 }, { amount: -110 }, { amount: 110, reason: 'refund', taskId: two }],
		});
		expect((await control('GET', 'requests?route=create')).json).toHaveLength(2);
	});
});
