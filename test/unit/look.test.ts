import type { ApiFailure } from '../../nodes/Kling/api/failure';
import type { TaskReading } from '../../nodes/Kling/api/schemas';
import { type ReadTask, Task } from '../../nodes/Kling/api/task';
import { lastLook, look, openOf } from '../../nodes/Kling/waiting/look';
import { completedTask, failure, rawTask, taskIdOf, toReading } from '../harness/node/builders';
import type * as Time from '../harness/node/time';
import { clock } from '../harness/node/time';

jest.mock('n8n-workflow', () =>
	jest.requireActual<typeof Time>('../harness/node/time').skipPauses(),
);

beforeEach(() => clock.reset());

const down = failure({ call: 'getTask', status: 503, code: null });
const notFound = failure({ call: 'getTask', status: 404, code: 'task_not_found' });

/** An API where the tasks in `ready` are finished; notes in which order they are read. */
function api(ready: ReadonlySet<string>, failures: ReadonlyMap<string, ApiFailure> = new Map()) {
	const reads: string[] = [];
	const read: ReadTask = async ({ id }) => {
		reads.push(id);
		const raw = ready.has(id) ? completedTask({ id }) : rawTask({ id });
		return await Promise.resolve(failures.get(id) ?? toReading(raw));
	};
	return { reads, read };
}

const tasksOf = (count: number) =>
	Array.from({ length: count }, (_, index) => new Task(taskIdOf(index + 1), null));
const idsOf = (tasks: readonly Task[]) => tasks.map(({ id }) => id);

describe('looking again and again, with each task that ends', () => {
	test.each([
		['last to first', (tasks: Task[]) => tasks.toReversed()],
		['first to last', (tasks: Task[]) => tasks],
		[
			'every other',
			(tasks: Task[]) => [...tasks.filter((_, i) => i % 2), ...tasks.filter((_, i) => !(i % 2))],
		],
	])('costs few reads for each of 2,500 that end %s', async (_, inOrder) => {
		const tasks = tasksOf(2_500);
		const ready = new Set<string>();
		const { reads, read } = api(ready);
		let open: Task | null = null;
		for (const task of inOrder(tasks)) {
			ready.add(task.id);
			await task.look(undefined, read);
			open = await look(tasks, { read });
		}
		expect(open).toBeNull();
		expect(reads.length).toBeLessThanOrEqual(3 * tasks.length);
	});

	test('costs one read as long as the same one is under way', async () => {
		const tasks = tasksOf(50);
		const { reads, read } = api(new Set(idsOf(tasks).slice(1)));
		await look(tasks, { read });
		const before = reads.length;
		for (let round = 0; round < 5; round++) await look(tasks, { read });
		expect(reads.slice(before)).toEqual(Array.from({ length: 5 }, () => taskIdOf(1)));
	});
});

describe('one look', () => {
	test('gives a task that is still open, and null once all are over', async () => {
		const tasks = tasksOf(3);
		const ready = new Set(idsOf(tasks).slice(1));
		const { read } = api(ready);
		expect(await look(tasks, { read })).toBe(tasks[0]);
		ready.add(taskIdOf(1));
		expect(await look(tasks, { read })).toBeNull();
	});

	test('reads the last one first, and nothing else while that is open', async () => {
		const { reads, read } = api(new Set());
		await look(tasksOf(20), { read });
		expect(reads).toEqual([taskIdOf(20)]);
	});

	test('counts one that the API does not know as over', async () => {
		const tasks = tasksOf(3);
		const { read } = api(new Set(idsOf(tasks)), new Map([[taskIdOf(2), notFound]]));
		expect(await look(tasks, { read })).toBeNull();
		expect(tasks[1]).toMatchObject({ isOver: true, failure: notFound });
	});

	test('stops at a passing fault, and keeps what it has read of the others', async () => {
		const tasks = tasksOf(3);
		const failures = new Map([[taskIdOf(2), down]]);
		const { reads, read } = api(new Set(idsOf(tasks)), failures);
		expect(await look(tasks, { read })).toBe(tasks[1]);
		failures.clear();
		expect(await look(tasks, { read })).toBeNull();
		expect(reads).toHaveLength(tasks.length + 1);
	});
});

describe('the last look, once the time is over', () => {
	const timeIsOver = () => Date.now();

	test.each([1, 120, 2_000])('reads each of %d open tasks, whatever they are', async (count) => {
		const tasks = tasksOf(count);
		const { reads, read } = api(new Set(idsOf(tasks).filter((_, index) => index % 2 === 0)));
		await lastLook(tasks, timeIsOver(), read);
		expect(reads.toSorted()).toEqual(idsOf(tasks));
		expect(openOf(tasks)).toHaveLength(Math.floor(count / 2));
	});

	test('reads each once also when the API takes a second for each', async () => {
		const tasks = tasksOf(120);
		const { read } = api(new Set(idsOf(tasks)));
		await lastLook(tasks, timeIsOver(), async (task, once) => {
			await clock.pause(1_000, undefined);
			return await read(task, once);
		});
		expect(openOf(tasks)).toEqual([]);
	});

	test('does not read again what was read after the time was over', async () => {
		const tasks = tasksOf(2);
		const { reads, read } = api(new Set());
		const timeoutAt = timeIsOver();
		await tasks[0]?.look(undefined, read);
		await lastLook(tasks, timeoutAt, read);
		expect(reads).toEqual([taskIdOf(1), taskIdOf(2)]);
	});

	test('reads again after a passing fault', async () => {
		const [task] = tasksOf(1);
		const answers: Array<TaskReading | ApiFailure> = [
			down,
			down,
			toReading(completedTask({ id: taskIdOf(1) })),
		];
		const tasks = task === undefined ? [] : [task];
		await lastLook(tasks, timeIsOver(), async () => await Promise.resolve(answers.shift() ?? down));
		expect(openOf(tasks)).toEqual([]);
		expect(clock.pauses).toHaveLength(2);
	});

	test('ends some seconds after the last answer, without having asked for all, when nothing answers', async () => {
		const tasks = tasksOf(1_000);
		let reads = 0;
		const begun = Date.now();
		await lastLook(tasks, timeIsOver(), async () => {
			reads += 1;
			if (reads % 5 === 0) await clock.pause(5_000, undefined);
			return down;
		});
		expect(Date.now() - begun).toBeLessThanOrEqual(20_000);
		expect(reads).toBeLessThan(50);
	});

	test('leaves an API alone that asks for more than there is time for', async () => {
		const tasks = tasksOf(1);
		const busy = failure({ ...down.detail, retryAfterMs: 30_000 });
		await lastLook(tasks, timeIsOver(), async () => await Promise.resolve(busy));
		expect(clock.pauses).toEqual([]);
	});
});
