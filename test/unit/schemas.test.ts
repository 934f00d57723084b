import fc from 'fast-check';

import {
	apiTaskSchema,
	createdSchema,
	creditsSchema,
	isFinished,
} from '../../nodes/Kling/api/schemas';
import { TASK_ID } from '../harness/node/builders';

const created = (data: unknown, code: unknown = 200) => ({ code, msg: 'success', data });

describe('any JSON as an answer', () => {
	test('is a finished task only with the id and the very status the API documents', () => {
		const likeTask = fc.record(
			{
				id: fc.oneof(fc.string(), fc.jsonValue()),
				status: fc.oneof(fc.constantFrom('completed', 'failed'), fc.jsonValue()),
			},
			{ requiredKeys: [] },
		);
		fc.assert(
			fc.property(fc.oneof(fc.jsonValue(), likeTask), (answer) => {
				const task = apiTaskSchema.safeParse(answer);
				fc.pre(task.success && isFinished(task.data));
				expect(answer).toMatchObject({
					id: expect.stringMatching(/./s),
					status: expect.stringMatching(/^(completed|failed)$/),
				});
			}),
			{ numRuns: 50 },
		);
	});
});

describe('a confirmed create', () => {
	test('needs the code 200 and a task id', () => {
		expect(createdSchema.parse(created({ taskId: TASK_ID }))).toBe(TASK_ID);
	});

	test.each([
		['another code', created({ taskId: TASK_ID }, 500)],
		['the code as text', created({ taskId: TASK_ID }, '200')],
		['no code', { data: { taskId: TASK_ID } }],
		['no data', { code: 200, msg: 'success' }],
		['data that is null', created(null)],
		['an empty task id', created({ taskId: '' })],
		['a number as task id', created({ taskId: 42 })],
		['a text', 'OK'],
		['nothing', undefined],
	])('is none with %s', (_, answer) => {
		expect(createdSchema.safeParse(answer).success).toBe(false);
	});
});

describe('the credits', () => {
	const credits = { balance: 9_799.5, total_purchased: 10_000, total_consumed: 200.5 };

	test('may be fractions, since other models cost fractions', () => {
		expect(creditsSchema.parse(created(credits))).toEqual({
			balance: 9_799.5,
			totalPurchased: 10_000,
			totalConsumed: 200.5,
		});
	});

	test('may be negative', () => {
		expect(creditsSchema.safeParse(created({ ...credits, balance: -1 })).success).toBe(true);
	});

	test.each([
		['a text as balance', { ...credits, balance: '9800' }],
		['no balance', { total_purchased: 1, total_consumed: 1 }],
	])('are none with %s', (_, data) => {
		expect(creditsSchema.safeParse(created(data)).success).toBe(false);
	});
});

describe('a task', () => {
	test.each([
		['an id', { status: 'pending' }],
		['a status', { id: TASK_ID }],
		['a text as status', { id: TASK_ID, status: 3 }],
		['a non-empty id', { id: '', status: 'pending' }],
	])('needs %s', (_, answer) => {
		expect(apiTaskSchema.safeParse(answer).success).toBe(false);
	});

	test('needs nothing else: a paid task is never lost over a decoration', () => {
		const decorated = { id: TASK_ID, status: 'pending', model: 1, created_at: 'now', output: [] };
		expect(apiTaskSchema.parse(decorated)).toMatchObject({
			id: TASK_ID,
			model: null,
			created_at: null,
		});
	});

	test('keeps the good URLs among bad ones', () => {
		const output = { urls: [null, 'https://file.example/a.mp4', { url: 'x' }, ''] };
		expect(apiTaskSchema.parse({ id: TASK_ID, status: 'completed', output }).output?.urls).toEqual([
			'https://file.example/a.mp4',
		]);
	});
});
