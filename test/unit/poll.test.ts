import fc from 'fast-check';

import { ApiFailure } from '../../nodes/Kling/api/failure';
import { Task } from '../../nodes/Kling/api/task';
import { CancelledError } from '../../nodes/Kling/n8n/async';
import { openOf, READ_CONCURRENCY } from '../../nodes/Kling/waiting/look';
import { pollTasks } from '../../nodes/Kling/waiting/wait';
import {
	completedTask,
	failedTask,
	failure,
	fakeClient,
	rawTask,
	taskIdOf,
	toReading,
} from '../harness/node/builders';
import type * as Time from '../harness/node/time';
import { clock } from '../harness/node/time';

jest.mock('n8n-workflow', () =>
	jest.requireActual<typeof Time>('../harness/node/time').skipPauses(),
);

beforeEach(() => clock.reset());

type Answer = Record<string, unknown> | ApiFailure;

const OPTIONS = { timeoutMs: 60_000, intervalMs: 10_000 };
const ONE = taskIdOf(1);
const TWO = taskIdOf(2);

const reset = failure({ call: 'getTask', kind: 'network', status: null });
const completed = (id: string) => completedTask({ id });
const running = (id: string) => rawTask({ id });

/** Tasks whose readings come in this order; the last one is given for ever. */
function world(script: Record<string, Answer[]>) {
	const reads: string[] = [];
	const getTask = async (id: string) => {
		reads.push(id);
		const answers = script[id] ?? [];
		const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? running(id);
		return await Promise.resolve(answer instanceof ApiFailure ? answer : toReading(answer));
	};
	const client = fakeClient({ getTask });
	const tasks = Object.keys(script).map((id) => new Task(id, client));
	return { tasks, reads };
}

const statusesOf = (tasks: readonly Task[]) => tasks.map(({ reading }) => reading?.task.status);
const pausedMs = () => clock.pauses.reduce((sum, ms) => sum + ms, 0);

describe('a shared wait for tasks', () => {
	test('ends at once where all are finished already, without a pause', async () => {
		const { tasks, reads } = world({ [ONE]: [completed(ONE)], [TWO]: [failedTask({ id: TWO })] });
		await pollTasks(tasks, OPTIONS);
		expect(statusesOf(tasks)).toEqual(['completed', 'failed']);
		expect([reads, clock.pauses]).toEqual([[ONE, TWO], []]);
	});

	test('looks at each task first, then at the last open one, and reads none after its end', async () => {
		const { tasks, reads } = world({
			[ONE]: [running(ONE), completed(ONE)],
			[TWO]: [running(TWO), running(TWO), completed(TWO)],
		});
		await pollTasks(tasks, OPTIONS);
		expect(openOf(tasks)).toEqual([]);
		expect(reads).toEqual([ONE, TWO, TWO, TWO, ONE]);
	});

	test('reads only some tasks at the same time', async () => {
		let underWay = 0;
		let most = 0;
		const getTask = async (id: string) => {
			underWay += 1;
			most = Math.max(most, underWay);
			await new Promise<void>((resolve) => setImmediate(resolve));
			underWay -= 1;
			return toReading(completed(id));
		};
		const client = fakeClient({ getTask });
		await pollTasks(
			Array.from({ length: 20 }, (_, index) => new Task(taskIdOf(index), client)),
			OPTIONS,
		);
		expect(most).toBe(READ_CONCURRENCY);
	});

	test('pauses at least as long as the API asks', async () => {
		const limited = failure({ call: 'getTask', status: 429, retryAfterMs: 25_000 });
		const { tasks } = world({ [ONE]: [limited, completed(ONE)] });
		await pollTasks(tasks, OPTIONS);
		expect(clock.pauses).toHaveLength(1);
		expect(clock.pauses[0]).toBeGreaterThanOrEqual(25_000);
	});

	test('pauses so long once, not again for a task that was not read since', async () => {
		const limited = failure({ call: 'getTask', status: 429, retryAfterMs: 25_000 });
		const { tasks } = world({ [ONE]: [limited], [TWO]: [] });
		await pollTasks(tasks, OPTIONS);
		expect(clock.pauses[1]).toBeLessThan(25_000);
	});

	test('ends for all at a key that was never a right one, where that ends the run', async () => {
		const { tasks } = world({ [ONE]: [] });
		const refused = failure({ call: 'getTask', status: 401, code: 'invalid_api_key' });
		const getTask = async () => await Promise.resolve(refused);
		tasks.push(new Task(TWO, fakeClient({ getTask, hasSucceeded: false })));
		await pollTasks(tasks, OPTIONS, true);
		expect(clock.pauses).toEqual([]);
	});

	test('with no time at all reads once', async () => {
		const { tasks, reads } = world({ [ONE]: [], [TWO]: [] });
		await pollTasks(tasks, { ...OPTIONS, timeoutMs: 0 });
		expect([reads, clock.pauses]).toEqual([[ONE, TWO], []]);
	});

	test('never pauses past its end and always ends, whatever the settings', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 0, max: 7_200_000 }),
				fc.integer({ min: 2_000, max: 600_000 }),
				async (timeoutMs, intervalMs) => {
					clock.reset();
					const { tasks } = world({ [ONE]: [] });
					const begun = Date.now();
					await pollTasks(tasks, { timeoutMs, intervalMs });
					expect(openOf(tasks)).toEqual(tasks);
					expect(Date.now() - begun).toBeGreaterThanOrEqual(timeoutMs);
					expect(pausedMs()).toBeLessThanOrEqual(timeoutMs);
				},
			),
			{ numRuns: 50 },
		);
	});

	test('begins with the interval, grows to a minute, and never goes below a longer interval', async () => {
		const { tasks } = world({ [ONE]: [] });
		await pollTasks(tasks, { timeoutMs: 1_800_000, intervalMs: 10_000 });
		const [first = 0, ...later] = clock.pauses;
		expect(first).toBeGreaterThanOrEqual(10_000);
		expect(first).toBeLessThanOrEqual(12_000);
		expect(Math.max(...later)).toBe(60_000);
		clock.reset();
		await pollTasks(world({ [ONE]: [] }).tasks, { timeoutMs: 1_800_000, intervalMs: 300_000 });
		expect(Math.min(...clock.pauses.slice(0, -1))).toBeGreaterThanOrEqual(300_000);
	});

	test('stops when the execution is cancelled during a pause', async () => {
		const abort = new AbortController();
		clock.duringPause = () => abort.abort();
		const { tasks, reads } = world({ [ONE]: [] });
		const polling = pollTasks(tasks, OPTIONS, false, abort.signal);
		await expect(polling).rejects.toBeInstanceOf(CancelledError);
		expect(reads).toEqual([ONE]);
	});

	test('stops when the execution is cancelled during a read', async () => {
		const getTask = async () => await Promise.reject(new CancelledError());
		const polling = pollTasks([new Task(ONE, fakeClient({ getTask }))], OPTIONS);
		await expect(polling).rejects.toBeInstanceOf(CancelledError);
		expect(clock.pauses).toEqual([]);
	});
});

test.each([0, 60_000])(
	'an API that hangs holds no wait of %d ms up: it ends some seconds after its time',
	async (timeoutMs) => {
		let reads = 0;
		// A reading takes what it may, up to half a minute, and five go on at once.
		const lookAt = async (_: string, withinMs = Infinity) => {
			reads += 1;
			if (reads % READ_CONCURRENCY === 0) await clock.pause(Math.min(withinMs, 30_000), undefined);
			return reset;
		};
		const client = fakeClient({ lookAt });
		const tasks = Array.from({ length: 100 }, (_, index) => new Task(taskIdOf(index + 1), client));
		const begun = Date.now();
		await pollTasks(tasks, { ...OPTIONS, timeoutMs });
		expect(openOf(tasks)).toEqual(tasks);
		expect(Date.now() - begun).toBeLessThanOrEqual(timeoutMs + 25_000);
		expect(reads).toBeLessThan(tasks.length);
	},
);
