import type { FailureDetail } from '../../nodes/Kling/api/failure';
import { Task } from '../../nodes/Kling/api/task';
import {
	completedTask,
	failedTask,
	failure,
	fakeClient,
	rawTask,
	taskIdOf,
	toReading,
} from '../harness/node/builders';

const ID = taskIdOf(1);
const MINUTE_MS = 60_000;

function unread(detail: Partial<FailureDetail>) {
	return failure({ call: 'getTask', ...detail });
}

const notKnown = unread({ status: 404, code: 'task_not_found' });

/** A task that came by its id, with a key that is known to be right unless told. */
function task({ createdAt = null, hasSucceeded = true }: Partial<Given> = {}): Task {
	return new Task(ID, fakeClient({ hasSucceeded }), createdAt);
}

interface Given {
	createdAt: number | null;
	hasSucceeded: boolean;
}

describe('a reading', () => {
	test.each([
		['completed', completedTask({ id: ID }), true],
		['failed', failedTask({ id: ID }), true],
		['pending', rawTask({ id: ID, status: 'pending' }), false],
		['a status nobody knows', rawTask({ id: ID, status: 'archived' }), false],
	])('that says %s: over is %#', (_, raw, isOver) => {
		const one = task();
		one.learn(toReading(raw));
		expect(one).toMatchObject({ isOver, failure: null, reading: { raw } });
	});

	test.each<[string, Partial<FailureDetail>]>([
		['a page of a proxy with 404', { status: 404, code: null }],
		['a page of a proxy with 403', { status: 403, code: null }],
		['a redirect', { status: 302, code: null }],
		['a refused key', { status: 401, code: 'invalid_api_key' }],
		['a refused address', { status: 403, code: 'ip_not_allowed' }],
		['a limit', { status: 429, code: 'rate_limit_exceeded' }],
		['a spending limit', { status: 429, code: 'spend_limit_exceeded' }],
		['a server fault', { status: 500, code: 'internal_error' }],
		['no connection', { status: null, code: 'ECONNREFUSED' }],
		['a page instead of a task', { status: 200, code: null, kind: 'content' }],
		['“task_not_found” with another status', { status: 400, code: 'task_not_found' }],
	])('that meets %s leaves the task open, and what was read before stays', (_, detail) => {
		const one = task();
		const before = toReading(rawTask({ id: ID }));
		one.learn(before);
		one.learn(unread(detail));
		expect(one).toMatchObject({ isOver: false, reading: before });
		one.learn(toReading(completedTask({ id: ID })));
		expect(one).toMatchObject({ isOver: true, failure: null });
	});

	test('that the API itself knows no such task ends it', () => {
		const one = task();
		one.learn(notKnown);
		expect(one).toMatchObject({ isOver: true, failure: notKnown });
	});

	test('that it knows no such task ends one of this execution only two minutes after its creation', () => {
		const young = task({ createdAt: Date.now() - 1.9 * MINUTE_MS, hasSucceeded: false });
		young.learn(notKnown);
		expect(young.isOver).toBe(false);
		const old = task({ createdAt: Date.now() - 2.1 * MINUTE_MS });
		old.learn(notKnown);
		expect(old.isOver).toBe(true);
	});

	test.each([
		[401, 'invalid_api_key'],
		[403, null],
		[404, null],
	])(
		'that is refused with %d ends it where nothing ever succeeded with the key',
		(status, code) => {
			const one = task({ hasSucceeded: false });
			one.learn(unread({ status, code }));
			expect(one.isOver).toBe(true);
			Object.assign(one.client ?? {}, { hasSucceeded: true });
			expect(one.isOver).toBe(false);
		},
	);

	test('that meets a limit or a fault ends nothing even then', () => {
		const one = task({ hasSucceeded: false });
		one.learn(unread({ status: 429, code: 'rate_limit_exceeded' }));
		one.learn(unread({ status: 503, code: null }));
		expect(one.isOver).toBe(false);
	});
});

test('a task that is over is never read again, and nothing changes it any more', async () => {
	let reads = 0;
	const getTask = async () => {
		reads += 1;
		return await Promise.resolve(toReading(completedTask({ id: ID })));
	};
	const one = new Task(ID, fakeClient({ getTask }));
	await one.look();
	await one.look();
	await one.read();
	one.learn(notKnown);
	expect(reads).toBe(1);
	expect(one).toMatchObject({ isOver: true, failure: null });
});

test('a task whose account cannot be had is read by no one, and stays open', async () => {
	const one = new Task(ID, null);
	await one.look();
	await one.read();
	expect(one).toMatchObject({ isOver: false, reading: null, failure: null });
});
