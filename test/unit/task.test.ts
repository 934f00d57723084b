import fc from 'fast-check';

import { apiTaskSchema, isFinished } from '../../nodes/Kling/api/schemas';
import { VideoFailed } from '../../nodes/Kling/result/item';
import { simplifyTask } from '../../nodes/Kling/result/task';
import {
	completedTask,
	failedTask,
	parsed,
	rawTask,
	SUMMARY,
	TASK_ID,
	TASK_KEYS,
	VIDEO_URL,
} from '../harness/node/builders';

/** A task with every documented field replaced by any JSON value, and others besides. */
const anyTask = fc.record(
	{
		id: fc.string({ minLength: 1 }),
		status: fc.oneof(
			fc.constantFrom('pending', 'processing', 'completed', 'failed', 'COMPLETED', 'success'),
			fc.string({ minLength: 1 }),
		),
		model: fc.jsonValue(),
		created_at: fc.oneof(fc.double(), fc.jsonValue()),
		completed_at: fc.oneof(fc.double(), fc.jsonValue()),
		progress: fc.jsonValue(),
		output: fc.oneof(
			fc.jsonValue(),
			fc.record({ urls: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()) }),
		),
		error: fc.oneof(fc.jsonValue(), fc.record({ code: fc.jsonValue(), message: fc.jsonValue() })),
		extra: fc.jsonValue(),
	},
	{ requiredKeys: ['id', 'status'] },
);

describe('a simplified task', () => {
	const processing = {
		taskId: TASK_ID,
		status: 'processing',
		model: 'kling-2.6',
		videoUrl: null,
		videoUrls: [],
		progress: null,
		createdAt: '2026-03-28T13:56:05.000Z',
		completedAt: null,
		generationSeconds: null,
		failure: null,
	};
	const completed = {
		...processing,
		status: 'completed',
		videoUrl: VIDEO_URL,
		videoUrls: [VIDEO_URL],
		completedAt: '2026-03-28T14:01:05.000Z',
		generationSeconds: 300,
	};
	const reason = { code: 'upstream_error', message: 'Video generation failed' };
	const failed = { ...processing, status: 'failed', failure: reason };

	test.each([
		['is being processed has null where there is nothing yet', rawTask(), processing],
		['is completed has its video and its times', completedTask(), completed],
		['failed has the API’s own reason, and no time of completion', failedTask(), failed],
	])('that %s', (_, raw, task) => {
		expect(simplifyTask(parsed(raw))).toStrictEqual(task);
	});

	test.each([
		['no output', undefined],
		['an output that is null', null],
		['an output without urls', {}],
		['urls that are null', { urls: null }],
		['no urls in the list', { urls: [] }],
		['urls that are no texts', { urls: [null, 42, ''] }],
	])('that completed with %s is failed with the code no_video', (_, output) => {
		const task = parsed(completedTask({ output }));
		expect(simplifyTask(task)).toMatchObject({
			status: 'failed',
			videoUrl: null,
			videoUrls: [],
			failure: { code: 'no_video' },
		});
		expect(isFinished(task)).toBe(true);
	});

	test.each([
		['nothing', undefined],
		['null', null],
		['a text', 'it broke'],
	])('that failed with %s as its error still has a code and a message', (_, error) => {
		expect(simplifyTask(parsed(failedTask({ error }))).failure).toEqual({
			code: expect.any(String),
			message: expect.any(String),
		});
	});

	test.each([
		[null, null],
		[40, 40],
		['40%', '40%'],
		[{ percent: 40 }, null],
	])('shows the progress %p as %p', (progress, shown) => {
		expect(simplifyTask(parsed(rawTask({ progress }))).progress).toEqual(shown);
	});

	test('whatever the API sends instead of the documented fields, has the promised types', () => {
		fc.assert(
			fc.property(anyTask, (raw) => {
				const task = simplifyTask(apiTaskSchema.parse(raw));
				expect(Object.keys(task)).toEqual(TASK_KEYS);
				expect(task.taskId).toBe(raw.id);
				expect(task.videoUrls.every((url) => typeof url === 'string' && url !== '')).toBe(true);
				expect(task.videoUrl).toBe(task.videoUrls[0] ?? null);
				expect(task.failure === null).toBe(task.status !== 'failed');
				for (const value of [task.createdAt, task.completedAt]) {
					expect(value === null || new Date(value).toISOString() === value).toBe(true);
				}
			}),
		);
	});
});

describe('whether a task is finished', () => {
	test.each(['pending', 'processing', 'queued', 'cancelled', 'COMPLETED', 'completed '])(
		'%p is not',
		(status) => {
			expect(isFinished(parsed(rawTask({ status })))).toBe(false);
		},
	);

	test('an unknown status never counts as finished, nor as unsuccessful', () => {
		fc.assert(
			fc.property(anyTask, (raw) => {
				fc.pre(raw.status !== 'completed' && raw.status !== 'failed');
				const task = apiTaskSchema.parse(raw);
				expect(isFinished(task)).toBe(false);
				expect(simplifyTask(task).status).toBe(raw.status);
			}),
		);
	});
});

describe('the item of a task', () => {
	const keysOf = (extras: Parameters<typeof simplifyTask>[1]) =>
		Object.keys(simplifyTask(parsed(rawTask()), extras));

	test('has what was paid behind what became of it, and the rest behind that', () => {
		expect(keysOf({ timedOut: false, request: SUMMARY })).toEqual([
			...TASK_KEYS.slice(0, 4),
			'timedOut',
			...Object.keys(SUMMARY),
			...TASK_KEYS.slice(4),
		]);
	});

	test('has the reference at the end', () => {
		expect(keysOf({})).toEqual(TASK_KEYS);
		expect(keysOf({ reference: null })).toEqual([...TASK_KEYS, 'reference']);
	});
});

describe('a task without a video, as an error of its item', () => {
	const failed = (raw: Record<string, unknown>) => {
		const { taskId, failure } = simplifyTask(parsed(raw));
		return new VideoFailed(taskId, failure ?? { code: '', message: '' });
	};

	test('names the task, the cause and the code, and that the credits came back', () => {
		const { message, hint, taskId } = failed(failedTask());
		expect(message).toBe(
			`Task ${TASK_ID} did not produce a video: Video generation failed (upstream_error)`,
		);
		expect(hint).toMatch(/credits .* are given back automatically/);
		expect(taskId).toBe(TASK_ID);
	});

	test('says so when the API gave no reason', () => {
		const { message } = failed(failedTask({ error: { code: 'upstream_error', message: '' } }));
		expect(message).toMatch(/no reason was given \(upstream_error\)$/);
	});

	test('promises no credits of one that the API calls completed', () => {
		const { hint } = failed(completedTask({ output: null }));
		expect(hint).toMatch(/credits may not have been given back/);
	});
});
