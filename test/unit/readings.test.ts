import type { ApiFailure } from '../../nodes/Kling/api/failure';
import { jsonObjectSchema, type TaskReading } from '../../nodes/Kling/api/schemas';
import {
	forgetReadings,
	isHopeless,
	readingsOf,
	readOne,
	settleAll,
	unsettled,
	type ReadTask,
} from '../../nodes/Kling/waiting/readings';
import { completedTask, failure, parsed, rawTask, taskIdOf } from '../harness/node/builders';

let executions = 0;

/** The memory of an execution that nobody knows yet. */
function newReadings() {
	executions += 1;
	return readingsOf(String(executions), Date.now() + 60_000);
}

function toReading(raw: Record<string, unknown>): TaskReading {
	return { task: parsed(raw), raw: jsonObjectSchema.parse(raw) };
}

const completed = (taskId: string) => toReading(completedTask({ id: taskId }));
const underWay = (taskId: string) => toReading(rawTask({ id: taskId, status: 'processing' }));

const down = failure({ call: 'getTask', status: 503, code: 'upstream_error', outcome: 'unclear' });
const notFound = failure({ call: 'getTask', status: 404, code: 'task_not_found' });

/** An API where the tasks in `ready` are finished; counts how often it is read. */
function api(ready: ReadonlySet<string>, failures: ReadonlyMap<string, ApiFailure> = new Map()) {
	const reads: string[] = [];
	const read: ReadTask = async (taskId) => {
		reads.push(taskId);
		return await Promise.resolve(
			failures.get(taskId) ?? (ready.has(taskId) ? completed(taskId) : underWay(taskId)),
		);
	};
	return { reads, read };
}

const idsOf = (count: number) => Array.from({ length: count }, (_, index) => taskIdOf(index + 1));

describe('the tasks of a sleeping execution', () => {
	test.each([
		['last to first', (ids: string[]) => ids.toReversed()],
		['first to last', (ids: string[]) => ids],
		[
			'every other',
			(ids: string[]) => [...ids.filter((_, i) => i % 2), ...ids.filter((_, i) => !(i % 2))],
		],
	])('2,500 that end %s cost few reads each', async (_, inOrder) => {
		const ids = idsOf(2_500);
		const ready = new Set<string>();
		const { reads, read } = api(ready);
		const readings = newReadings();
		let outcome: unknown;
		for (const taskId of inOrder(ids)) {
			ready.add(taskId);
			await readOne(readings, taskId, read);
			outcome = await settleAll(readings, ids, read);
		}
		expect(outcome).toBe('settled');
		expect(reads.length).toBeLessThanOrEqual(3 * ids.length);
	});

	test('cost one read as long as the same one is under way', async () => {
		const ids = idsOf(50);
		const { reads, read } = api(new Set(ids.slice(1)));
		const readings = newReadings();
		while ((await settleAll(readings, ids, read)) === 'open' && reads.length < 60);
		expect(reads.slice(-5)).toEqual(Array.from({ length: 5 }, () => ids[0]));
		expect(unsettled(readings, ids)).toEqual([ids[0]]);
	});

	test('are settled when the API says that it will never know one', async () => {
		const ids = idsOf(3);
		const { read } = api(new Set(ids), new Map([[ids[1] ?? '', notFound]]));
		const readings = newReadings();
		expect(await settleAll(readings, ids, read)).toBe('settled');
		expect(readings.settled?.get(ids[1] ?? '')).toBe(notFound);
	});

	test('are not settled by a passing fault, and the others are kept', async () => {
		const ids = idsOf(3);
		const failures = new Map([[ids[1] ?? '', down]]);
		const { reads, read } = api(new Set(ids), failures);
		const readings = newReadings();
		expect(await settleAll(readings, ids, read)).toBe(down);
		failures.clear();
		expect(await settleAll(readings, ids, read)).toBe('settled');
		expect(reads).toHaveLength(ids.length + 1);
	});

	test('are read anew for whoever came while a reading was under way, once for all of them', async () => {
		const [taskId = ''] = idsOf(1);
		const answers: Array<(reading: TaskReading) => void> = [];
		const read: ReadTask = async () =>
			await new Promise((resolve) => {
				answers.push(resolve);
			});
		const readings = newReadings();
		const first = readOne(readings, taskId, read);
		const later = [1, 2, 3].map(async () => await readOne(readings, taskId, read));
		answers[0]?.(underWay(taskId));
		expect(await first).toMatchObject({ task: { status: 'processing' } });
		answers[1]?.(completed(taskId));
		const outcomes = await Promise.all(later);
		expect(outcomes).toEqual([1, 2, 3].map(() => completed(taskId)));
		expect(answers).toHaveLength(2);
	});

	test('are forgotten with their execution', async () => {
		const ids = idsOf(1);
		const { reads, read } = api(new Set(ids));
		await settleAll(readingsOf('forgotten', 0), ids, read);
		forgetReadings('forgotten');
		await settleAll(readingsOf('forgotten', 0), ids, read);
		expect(reads).toHaveLength(2);
		forgetReadings('forgotten');
	});
});

test.each([
	['a task that the API does not know', { status: 404, code: 'task_not_found' }, true],
	['a key that it refuses', { status: 401, code: 'invalid_api_key' }, true],
	['a page of a proxy', { status: 404, code: null }, false],
	['a redirect of a proxy', { status: 302, code: null }, false],
	['a limit', { status: 429, code: 'spend_limit_exceeded' }, false],
])('%s is hopeless: %#', (_, detail, isSo) => {
	expect(isHopeless(failure({ call: 'getTask', outcome: 'refused', ...detail }))).toBe(isSo);
});
