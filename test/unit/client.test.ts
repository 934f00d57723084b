import type * as N8nWorkflow from 'n8n-workflow';
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { type ApiClient, openClients } from '../../nodes/Kling/api/client';
import { ApiFailure, Failure } from '../../nodes/Kling/api/failure';
import { standIn } from '../harness/standIn';
import { useClock } from '../harness/inMemory/clock';
import { klingNode, rawTask, TASK_ID, taskIdOf } from '../harness/node/builders';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual<typeof N8nWorkflow>('n8n-workflow'),
	sleep: async (ms: number) =>
		await new Promise((resolve) => {
			AbortSignal.timeout(ms).addEventListener('abort', resolve);
		}),
}));

const clock = useClock();

const MINUTE_MS = 60_000;
const INPUT = { prompt: 'A cat', image_urls: ['https://example.com/cat.jpg'], sound: false };

interface Answer {
	statusCode: number;
	headers?: Record<string, string>;
	body: unknown;
}

const refusal = (statusCode: number, code: string, retryAfter?: number): Answer => ({
	statusCode,
	headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
	body: { error: { code, message: '' } },
});
const limit = (retryAfter?: number) => refusal(429, 'rate_limit_exceeded', retryAfter);
const wrongKey = refusal(401, 'invalid_api_key');
const created: Answer = { statusCode: 200, body: { code: 200, data: { taskId: TASK_ID } } };
const aTask: Answer = { statusCode: 200, body: rawTask() };

interface Sent {
	key: unknown;
	url: string;
}

const sentSchema = z.object({ credentialsDecrypted: z.object({ data: z.record(z.unknown()) }) });

/** The client of an execution whose credential can be changed, and what it has sent. */
async function open(answer: (request: Sent) => Answer) {
	const credential = { apiKey: 'sk-one', baseUrl: 'https://api.example' };
	const sent: Sent[] = [];
	const context = standIn<IExecuteFunctions>({
		getNode: () => klingNode(),
		getCredentials: async () => await Promise.resolve({ ...credential }),
		getExecutionCancelSignal: () => undefined,
		logger: {},
		helpers: {
			httpRequestWithAuthentication: async (
				_: string,
				{ url }: { url: string },
				additional: unknown,
			) => {
				const { data } = sentSchema.parse(additional).credentialsDecrypted;
				const request = { key: data['apiKey'], url };
				sent.push(request);
				return await Promise.resolve({ headers: {}, ...answer(request) });
			},
		},
	});
	const client = await openClients(context)(0);
	if (client instanceof Failure) throw new Error(client.message);
	return { client, credential, sent, keys: () => sent.map(({ key }) => key) };
}

/** Creates so many tasks, and gives what came of each; time moves on until all are there. */
async function createAll(client: ApiClient, count: number) {
	const outcomes: Array<string | ApiFailure> = [];
	for (let number = 0; number < count; number++) {
		void client.create({ ...INPUT, duration: 5 }, null).then((outcome) => outcomes.push(outcome));
	}
	for (let minute = 0; minute < 15 && outcomes.length < count; minute++) {
		await clock.advance(MINUTE_MS);
	}
	return outcomes;
}

describe('a rate limit', () => {
	test('slows a run down and fails none of its items: ten creates a second, sixty at once', async () => {
		let second = 0;
		let inThisSecond = 0;
		const { client } = await open(() => {
			const now = Math.floor(clock.now / 1_000);
			inThisSecond = now === second ? inThisSecond + 1 : 1;
			second = now;
			return inThisSecond > 10 ? limit(1) : created;
		});
		expect(await createAll(client, 60)).toEqual(Array.from({ length: 60 }, () => TASK_ID));
	});

	test('that refuses one request six times does not fail it', async () => {
		let refused = 0;
		const { client } = await open(() => (refused++ < 6 ? limit() : created));
		expect(await createAll(client, 1)).toEqual([TASK_ID]);
	});
});

describe('a look', () => {
	test('is made once, whatever comes of it', async () => {
		const { client, sent } = await open(() => refusal(503, 'upstream_error'));
		expect(await client.lookAt(TASK_ID)).toBeInstanceOf(ApiFailure);
		expect(sent).toHaveLength(1);
	});

	test('takes no answer that is about another task', async () => {
		const { client } = await open(() => ({ ...aTask, body: rawTask({ id: taskIdOf(2) }) }));
		expect(await client.lookAt(TASK_ID)).toMatchObject({ detail: { kind: 'content' } });
	});

	test('is not made while the API wants to be left alone', async () => {
		const { client, sent } = await open(() => limit(30));
		await client.lookAt(TASK_ID);
		const second = await client.lookAt(TASK_ID);
		expect(second).toMatchObject({ detail: { kind: 'paused', call: 'getTask' } });
		expect(sent).toHaveLength(1);
	});
});

describe('a credential that is changed while a wait goes on', () => {
	test('is used from the next look on', async () => {
		const { client, credential, keys } = await open(() => aTask);
		await client.lookAt(TASK_ID);
		credential.apiKey = 'sk-two';
		await client.lookAt(TASK_ID);
		await client.lookAt(TASK_ID);
		expect(keys()).toEqual(['sk-one', 'sk-two', 'sk-two']);
	});

	test('is used with another Base URL, too', async () => {
		const { client, credential, sent } = await open(({ url }) =>
			url.startsWith('https://right.example/') ? aTask : refusal(404, ''),
		);
		await client.lookAt(TASK_ID);
		credential.baseUrl = 'https://right.example/v1/';
		expect(await client.lookAt(TASK_ID)).not.toBeInstanceOf(ApiFailure);
		expect(sent.at(-1)?.url).toBe(`https://right.example/v1/tasks/${TASK_ID}`);
	});

	test('serves by the former one as long as the new one is refused, and then by the new one', async () => {
		let isAccepted = false;
		const { client, credential, keys } = await open(({ key }) =>
			key === 'sk-one' || isAccepted ? aTask : wrongKey,
		);
		credential.apiKey = 'sk-two';
		expect(await client.lookAt(TASK_ID)).not.toBeInstanceOf(ApiFailure);
		isAccepted = true;
		expect(await client.lookAt(TASK_ID)).not.toBeInstanceOf(ApiFailure);
		expect(keys()).toEqual(['sk-two', 'sk-one', 'sk-two']);
	});

	test('is not held up by a pause that the API asked for with the former one', async () => {
		const { client, credential, keys } = await open(({ key }) =>
			key === 'sk-one' ? limit(30) : aTask,
		);
		await client.lookAt(TASK_ID);
		credential.apiKey = 'sk-two';
		const reading = client.lookAt(TASK_ID);
		await clock.advance(MINUTE_MS);
		expect(await reading).not.toBeInstanceOf(ApiFailure);
		expect(keys()).toEqual(['sk-one', 'sk-two']);
	});
});

test('a key counts as a right one once anything has succeeded with it', async () => {
	const answers = [wrongKey, aTask, wrongKey];
	const { client } = await open(() => answers.shift() ?? aTask);
	const seen = [];
	for (let count = 0; count < 3; count++) {
		await client.lookAt(TASK_ID);
		seen.push(client.hasSucceeded);
	}
	expect(seen).toEqual([false, true, true]);
});
