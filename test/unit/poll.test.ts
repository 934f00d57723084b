import fc from 'fast-check';

import type { TaskReading } from '../../nodes/Kling/api/schemas';
import type { ApiFailure } from '../../nodes/Kling/api/failure';
import { jsonObjectSchema } from '../../nodes/Kling/api/schemas';
import { CancelledError } from '../../nodes/Kling/n8n/async';
import type { PollOptions } from '../../nodes/Kling/waiting/poll';
import { intervalBeforeRound, pollTasks, READ_CONCURRENCY } from '../../nodes/Kling/waiting/poll';
import {
	completedTask,
	failedTask,
	failure,
	parsed,
	rawTask,
	taskIdOf,
} from '../harness/node/builders';

type Answer = Record<string, unknown> | ApiFailure;

const ONE = taskIdOf(1);
const TWO = taskIdOf(2);

const reset = failure({ call: 'getTask', kind: 'network', outcome: 'unclear', status: null });
const notFound = failure({ call: 'getTask', status: 404, code: 'task_not_found' });

function toReading(answer: Answer): TaskReading | ApiFailure {
	if (answer instanceof Error) return answer;
	return { task: parsed(answer), raw: jsonObjectSchema.parse(answer) };
}

/** Answers in the order they will be given; the last one is given for ever. */
type Script = Record<string, Answer[]>;

/** A clock that only pauses move, and a reader that follows a script. */
function fakeWorld(script: Script, overrides: Partial<PollOptions> = {}) {
	let now = 1_000_000;
	const pauses: number[] = [];
	const reads: string[] = [];
	const options: PollOptions = {
		read: async (taskId) => {
			reads.push(taskId);
			const answers = script[taskId] ?? [];
			const answer = answers.length > 1 ? answers.shift() : answers[0];
			return await Promise.resolve(toReading(answer ?? rawTask({ id: taskId })));
		},
		pause: async (ms) => {
			pauses.push(ms);
			now += ms;
			await Promise.resolve();
		},
		now: () => now,
		random: () => 0.5,
		timeoutMs: 60_000,
		intervalMs: 10_000,
		...overrides,
	};
	return {
		options,
		pauses,
		reads,
		countReads: (id: string) => reads.filter((r) => r === id).length,
	};
}

describe('a shared wait for tasks', () => {
	test('ends at once for a task that is already finished, without a pause', async () => {
		const { options, pauses, reads } = fakeWorld({ [ONE]: [completedTask({ id: ONE })] });
		const results = await pollTasks([ONE], options);
		expect(results.get(ONE)).toMatchObject({ timedOut: false, failure: null });
		expect([reads, pauses]).toEqual([[ONE], []]);
	});

	test('reads a task again until it is finished, and never after', async () => {
		const { options, countReads } = fakeWorld({
			[ONE]: [rawTask({ id: ONE }), completedTask({ id: ONE })],
			[TWO]: [rawTask({ id: TWO }), rawTask({ id: TWO }), failedTask({ id: TWO })],
		});
		const results = await pollTasks([ONE, TWO], options);
		expect([countReads(ONE), countReads(TWO)]).toEqual([2, 3]);
		expect(results.get(ONE)?.reading?.task.status).toBe('completed');
		expect(results.get(TWO)?.reading?.task.status).toBe('failed');
	});

	test('reads a task that several items name once per round', async () => {
		const { options, reads } = fakeWorld({
			[ONE]: [rawTask({ id: ONE }), completedTask({ id: ONE })],
		});
		const results = await pollTasks([ONE, ONE, ONE], options);
		expect(reads).toEqual([ONE, ONE]);
		expect(results.size).toBe(1);
	});

	test('gives nothing for no tasks, and reads nothing', async () => {
		const { options, reads, pauses } = fakeWorld({});
		expect((await pollTasks([], options)).size).toBe(0);
		expect([reads, pauses]).toEqual([[], []]);
	});

	test('reads only some tasks at the same time', async () => {
		let running = 0;
		let most = 0;
		const ids = Array.from({ length: 20 }, (_, index) => taskIdOf(index));
		const { options } = fakeWorld({});
		const read: PollOptions['read'] = async (taskId) => {
			running += 1;
			most = Math.max(most, running);
			await new Promise<void>((resolve) => setImmediate(resolve));
			running -= 1;
			return toReading(completedTask({ id: taskId }));
		};
		await pollTasks(ids, { ...options, read });
		expect(most).toBe(READ_CONCURRENCY);
	});

	test('goes on after reads that do not get through', async () => {
		const { options, countReads } = fakeWorld({
			[ONE]: [reset, reset, completedTask({ id: ONE })],
		});
		const result = (await pollTasks([ONE], options)).get(ONE);
		expect(countReads(ONE)).toBe(3);
		expect(result).toMatchObject({ timedOut: false, failure: null });
	});

	test.each([
		['rate_limit_exceeded', failure({ call: 'getTask', status: 429, code: 'rate_limit_exceeded' })],
		[
			'a proxy’s page that says 429',
			failure({ call: 'getTask', status: 429, code: null, text: '<html>' }),
		],
		[
			'a server fault',
			failure({ call: 'getTask', status: 500, code: 'internal_error', outcome: 'unclear' }),
		],
		[
			'a page instead of a task',
			failure({ call: 'getTask', status: 200, code: null, kind: 'content', outcome: 'unclear' }),
		],
		[
			'no connection',
			failure({ call: 'getTask', status: null, kind: 'network', outcome: 'notSent' }),
		],
	])('goes on after %s: the video is paid for', async (_, passing) => {
		const { options } = fakeWorld({ [ONE]: [passing, completedTask({ id: ONE })] });
		const result = (await pollTasks([ONE], options)).get(ONE);
		expect(result?.reading?.task.status).toBe('completed');
	});

	test('gives up a task that can never be read, and goes on with the others', async () => {
		const { options, countReads } = fakeWorld({
			[ONE]: [notFound],
			[TWO]: [rawTask({ id: TWO }), rawTask({ id: TWO }), completedTask({ id: TWO })],
		});
		const results = await pollTasks([ONE, TWO], options);
		expect(countReads(ONE)).toBe(1);
		expect(results.get(ONE)).toMatchObject({ reading: null, timedOut: false, failure: notFound });
		expect(results.get(TWO)?.reading?.task.status).toBe('completed');
	});

	test('does not end for a status nobody knows', async () => {
		const { options, countReads } = fakeWorld({
			[ONE]: [rawTask({ id: ONE, status: 'archived' }), completedTask({ id: ONE })],
		});
		await pollTasks([ONE], options);
		expect(countReads(ONE)).toBe(2);
	});

	test('past the time says so, with the last status known', async () => {
		const { options } = fakeWorld({
			[ONE]: [rawTask({ id: ONE, status: 'pending' }), rawTask({ id: ONE })],
		});
		const result = (await pollTasks([ONE], options)).get(ONE);
		expect(result).toMatchObject({ timedOut: true, failure: null });
		expect(result?.reading?.task.status).toBe('processing');
	});

	test('past the time keeps the last good reading although later reads did not get through', async () => {
		const { options } = fakeWorld({ [ONE]: [rawTask({ id: ONE }), reset] });
		const result = (await pollTasks([ONE], options)).get(ONE);
		expect(result).toMatchObject({ timedOut: true, failure: reset });
		expect(result?.reading?.task.status).toBe('processing');
	});

	test('with no time at all reads once', async () => {
		const { options, reads, pauses } = fakeWorld({}, { timeoutMs: 0 });
		expect((await pollTasks([ONE], options)).get(ONE)?.timedOut).toBe(true);
		expect([reads, pauses]).toEqual([[ONE], []]);
	});

	test('looks once more at the very end of the time', async () => {
		const { options, pauses, reads } = fakeWorld({}, { timeoutMs: 25_000 });
		await pollTasks([ONE], options);
		expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBe(25_000);
		expect(reads).toHaveLength(pauses.length + 1);
	});

	test('never pauses past its end and always ends, whatever the settings', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 0, max: 7_200_000 }),
				fc.integer({ min: 2_000, max: 600_000 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				async (timeoutMs, intervalMs, random) => {
					const world = fakeWorld({}, { timeoutMs, intervalMs, random: () => random });
					const result = (await pollTasks([ONE], world.options)).get(ONE);
					expect(result?.timedOut).toBe(true);
					expect(world.pauses.reduce((sum, ms) => sum + ms, 0)).toBe(timeoutMs);
					expect(world.pauses.every((ms) => ms > 0)).toBe(true);
				},
			),
		);
	});

	test('stops when the execution is cancelled during a pause', async () => {
		const { options, reads } = fakeWorld({});
		const pause = async () => await Promise.reject(new CancelledError());
		await expect(pollTasks([ONE], { ...options, pause })).rejects.toBeInstanceOf(CancelledError);
		expect(reads).toEqual([ONE]);
	});

	test('stops when the execution is cancelled during a read', async () => {
		const { options, pauses } = fakeWorld({});
		const read = async () => await Promise.reject(new CancelledError());
		await expect(pollTasks([ONE], { ...options, read })).rejects.toBeInstanceOf(CancelledError);
		expect(pauses).toEqual([]);
	});
});

describe('the pauses between rounds', () => {
	test('start at the interval and grow up to a minute', () => {
		const pauses = Array.from({ length: 20 }, (_, index) =>
			intervalBeforeRound(index + 1, 10_000, 0.5),
		);
		expect(pauses[0]).toBe(10_000);
		expect([...pauses].sort((a, b) => a - b)).toEqual(pauses);
		expect(pauses.at(-1)).toBe(60_000);
	});

	test('never shrink below an interval that is longer than a minute', () => {
		expect(intervalBeforeRound(9, 300_000, 0.5)).toBe(300_000);
	});

	test('are spread, so that waits that started together drift apart', () => {
		const pauses = [0, 0.25, 0.5, 0.75, 1].map((random) => intervalBeforeRound(1, 10_000, random));
		expect(new Set(pauses).size).toBe(pauses.length);
	});

	test('stay positive, finite and within a tenth of the longest, in any round', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 10_000 }),
				fc.integer({ min: 2_000, max: 3_600_000 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				(round, intervalMs, random) => {
					const ms = intervalBeforeRound(round, intervalMs, random);
					expect(ms).toBeGreaterThanOrEqual(intervalMs * 0.89);
					expect(ms).toBeLessThanOrEqual(Math.max(intervalMs, 60_000) * 1.11);
				},
			),
		);
	});
});

test('an API that hangs does not hold the wait up: it ends some seconds after its time', async () => {
	const ids = Array.from({ length: 100 }, (_, index) => taskIdOf(index + 1));
	let now = 0;
	let reads = 0;
	const world = fakeWorld(
		{},
		{
			now: () => now,
			// A reading takes what it may, up to half a minute, and five go on at once.
			read: async (_, withinMs) => {
				reads += 1;
				if (reads % READ_CONCURRENCY === 0) now += Math.min(withinMs, 30_000);
				return await Promise.resolve(null);
			},
		},
	);
	const results = await pollTasks(ids, world.options);
	expect([...results.values()].every(({ timedOut }) => timedOut)).toBe(true);
	expect(now).toBeLessThanOrEqual(80_000);
	expect(reads).toBeLessThan(ids.length);
});
