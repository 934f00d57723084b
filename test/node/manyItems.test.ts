import { z } from 'zod';
import type { IDataObject, OnError } from 'n8n-workflow';

import { everythingDue, takeOff } from '../../nodes/Kling/n8n/dueWork';
import type { RecordedRequest } from '../emulator';
import { OWN_ADDRESS } from '../harness/node/additionalData';
import { TASK_ID } from '../harness/node/builders';
import { useKling } from '../harness/node/kling';
import { apiErrorOf, operationErrorOf } from '../harness/node/errors';
import { createTask } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

const { emulator, createEach, readEach, finishedTask } = useKling();

const CONTINUING: readonly OnError[] = ['continueRegularOutput', 'continueErrorOutput'];

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `Video ${index}`);

const taskIdsOf = (json: readonly IDataObject[]) =>
	json.map(({ taskId }) => z.string().parse(taskId));

/** How many requests were under way at the same time at the most. */
function mostAtOnce(requests: readonly RecordedRequest[]): number {
	// Whole milliseconds: a request may seem to end a little after the next one began.
	const spans = requests.map(({ at, durationMs }) => ({ from: at, to: at + durationMs - 2 }));
	return Math.max(
		...spans.map(
			({ from }) => spans.filter((other) => other.from <= from && from < other.to).length,
		),
	);
}

/** Resolves as soon as the emulator has seen that many requests. */
async function requestsToArrive(count: number): Promise<void> {
	while (emulator.current.count() < count) {
		await new Promise<void>((resolve) => setImmediate(resolve));
	}
}

describe('many creates', () => {
	test.each([
		['as many as the option says', { concurrency: 3 }, 3],
		['one after the other', { concurrency: 1 }, 1],
		['five unless told otherwise', {}, 5],
	])('are under way at the same time: %s', async (_, options, most) => {
		emulator.current.fault({ match: {}, fault: { delay: 500 }, times: most });
		await createEach(numbered(8), { options });
		expect(emulator.current.count({ route: 'create' })).toBe(8);
		expect(mostAtOnce(emulator.current.requests)).toBe(most);
	});

	test.each([
		['refused', '[http:402]', /use Retry .* or give these task IDs to Wait for Video/],
		[
			'unclear',
			'[http:500]',
			/give these task IDs to Wait for Video\..* in a new execution only if it is not there/,
		],
	])('stop at the first that is %s, and the error names the tasks', async (_, marker, wayOn) => {
		const options = { concurrency: 1 };
		const { error } = await createEach(['One', `Two ${marker}`, 'Three'], { options });
		const [first] = emulator.current.tasks();
		const { message, description, itemIndex } = apiErrorOf({ error });
		expect(message).toMatch(/\(1 of 3 videos was already created\)$/);
		expect(description).toContain(first?.id);
		expect(description).toMatch(wayOn);
		expect(itemIndex).toBe(1);
		expect(emulator.current.count({ route: 'create' })).toBe(2);
	});

	test.each(CONTINUING)('with %s only the failed item becomes an error item', async (onError) => {
		const prompts = ['One', 'Two [http:402]', 'Three'];
		const { items, json, error } = await createEach(prompts, {}, { onError });
		expect(error).toBeNull();
		expect(items.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(json[0]).toMatchObject({ status: 'pending' });
		// At an error output n8n 2.0 takes no item with other keys for an error.
		const more = onError === 'continueErrorOutput' ? 'message' : 'details';
		expect(Object.keys(json[1] ?? {}).sort()).toEqual([more, 'error'].sort());
		expect(json[2]).toMatchObject({ status: 'pending' });
	});

	test.each(['401', '403', '429-spend'])(
		'with Continue On Fail, after %s nothing more is sent: every item gets its error',
		async (name) => {
			const { json } = await createEach(
				[`One [http:${name}]`, 'Two', 'Three'],
				{ options: { concurrency: 1 } },
				{ onError: 'continueRegularOutput' },
			);
			expect(json).toHaveLength(3);
			for (const item of json) expect(item).toHaveProperty('error');
			expect(emulator.current.count({ route: 'create' })).toBe(1);
		},
	);
});

test('a spending limit ends a run at what was under way when it was met', async () => {
	emulator.current.fault({ match: {}, fault: 'http:429-spend', times: 'always' });
	const { error } = await createEach(numbered(30), { options: { concurrency: 5 } });
	expect(apiErrorOf({ error }).message).toBe('The spending limit of the key is reached');
	expect(emulator.current.count({ route: 'create' })).toBeLessThanOrEqual(5);
});

describe('one wait for many items', () => {
	test('reads a task once, however many items name it, the last open one in each round, and none after its end', async () => {
		const [early, late] = [await createTask(emulator.current), await createTask(emulator.current)];
		clock.duringPause = async (count) => {
			if (count === 2) await emulator.current.complete(early);
			if (count === 4) await emulator.current.complete(late);
		};
		const { json } = await readEach('wait', [early, late, early, early]);
		expect(taskIdsOf(json)).toEqual([early, late, early, early]);
		expect(json.every(({ status }) => status === 'completed')).toBe(true);
		expect(emulator.current.task(early).reads).toBe(2);
		expect(emulator.current.task(late).reads).toBe(5);
		expect(clock.pauses).toHaveLength(4);
	});

	test('gives each item its own result', async () => {
		const ids = [];
		for (const prompt of ['One', 'Two [fail]', 'Three [no-video]', 'Four']) {
			ids.push(await createTask(emulator.current, prompt));
		}
		const [one, two, three] = ids;
		clock.duringPause = async (count) => {
			if (count > 1) return;
			await emulator.current.complete(one ?? '');
			await emulator.current.fail(two ?? '');
			await emulator.current.complete(three ?? '');
		};
		const { json } = await readEach('wait', ids);
		expect(json).toMatchObject([
			{ status: 'completed', timedOut: false },
			{ status: 'failed', failure: { code: 'upstream_error' }, timedOut: false },
			{ status: 'failed', failure: { code: 'no_video' }, timedOut: false },
			{ timedOut: true },
		]);
		expect(taskIdsOf(json)).toEqual(ids);
	});

	test('lasts as long as the longest time that an item gives', async () => {
		const taskId = await createTask(emulator.current);
		clock.duringPause = async () => await emulator.current.complete(taskId);
		const { json } = await readEach('wait', [taskId, taskId], { timeout: '={{ $itemIndex }}' });
		expect(json).toMatchObject([{ status: 'completed' }, { status: 'completed' }]);
	});

	test('goes on where the first reading of all is refused and the others are not', async () => {
		const ids = [await finishedTask(), await finishedTask()];
		emulator.current.fault({ match: { method: 'GET' }, fault: 'http:401' });
		const { json } = await readEach('wait', ids);
		expect(json).toMatchObject([{ status: 'completed' }, { status: 'completed' }]);
	});

	test('with Callback and no time at all reads each task, and does not sleep', async () => {
		const ids = [await finishedTask(), await createTask(emulator.current)];
		const callback = { waitStrategy: 'callback', timeout: 0 };
		const { json, waitTill } = await readEach('wait', ids, callback);
		expect(json).toMatchObject([{ status: 'completed' }, { taskId: ids[1], timedOut: true }]);
		expect([waitTill, emulator.current.count({ route: 'getTask' })]).toEqual([undefined, 2]);
	});

	test('does not sleep in a run that is about to fail', async () => {
		const ids = [await createTask(emulator.current), TASK_ID];
		const { error, waitTill } = await readEach('wait', ids, { waitStrategy: 'callback' });
		expect(apiErrorOf({ error }).httpCode).toBe('404');
		expect(waitTill).toBeUndefined();
	});

	test('with Continue On Fail keeps the others when one task is not known', async () => {
		const taskId = await finishedTask();
		const settings = { onError: 'continueRegularOutput' } as const;
		const { json, error } = await readEach('wait', [TASK_ID, taskId], {}, settings);
		expect(error).toBeNull();
		expect(json[0]).toMatchObject({ details: { httpCode: '404', taskId: TASK_ID } });
		expect(json[1]).toMatchObject({ taskId, status: 'completed' });
		expect(emulator.current.count({ route: 'getTask', status: 404 })).toBe(1);
	});
});

describe('cancelling the execution', () => {
	test('during a create sends no further one, lets those under way end, and logs them', async () => {
		emulator.current.fault({ match: {}, fault: { delay: 300 }, times: 'always' });
		const controller = new AbortController();
		const { signal } = controller;
		const callbackUrl = `${OWN_ADDRESS}/webhook/kling/w1`;
		const parameters = { callback: 'url', callbackUrl, options: { concurrency: 2 } };
		const creating = createEach(numbered(5), parameters, { signal });
		await requestsToArrive(2);
		controller.abort();
		const { error, log } = await creating;
		expect(error).toBeInstanceOf(Error);
		const ids = emulator.current.tasks().map(({ id }) => id);
		expect(ids).toHaveLength(2);
		expect(emulator.current.count({ route: 'create' })).toBe(2);
		for (const id of ids) {
			const where = '\\(workflow workflow-1, execution 42, node “Kling”, item \\d\\)';
			expect(log).toContainEqual(expect.stringMatching(`created: task ${id} ${where}`));
			expect(log.at(-1)).toContain(id);
		}
		expect(log.at(-1)).toMatch(/^Cancelled after creating Kling videos: /);
		// Their callbacks may get lost, too.
		expect(everythingDue().map(({ key }) => key)).toEqual(ids.map((id) => `w1 ${id}`));
		for (const due of everythingDue()) takeOff(due);
	});

	test('during a pause between two attempts does not send the create again', async () => {
		emulator.current.fault({ match: {}, fault: 'http:429-rate', times: 'always' });
		const controller = new AbortController();
		clock.duringPause = () => controller.abort();
		const { error } = await createEach(['One'], {}, { signal: controller.signal });
		expect(error).toBeInstanceOf(Error);
		expect(emulator.current.count({ route: 'create' })).toBe(1);
	});

	test('is no error of an item: Continue On Fail does not hide it', async () => {
		const taskId = await createTask(emulator.current);
		const controller = new AbortController();
		clock.duringPause = () => controller.abort();
		const settings = { signal: controller.signal, onError: 'continueRegularOutput' } as const;
		const { error, items } = await readEach('wait', [taskId], {}, settings);
		expect(error).toBeInstanceOf(Error);
		expect(items).toEqual([]);
	});
});

describe('the limits on spending', () => {
	test('a run above Max Credits is refused before anything is sent', async () => {
		const { error } = await createEach(numbered(3), { options: { maxCredits: 329 } });
		expect(operationErrorOf({ error }).message).toMatch(/330/);
		expect(emulator.current.count({ route: 'create' })).toBe(0);
	});

	test.each([330, 0])('a run within Max Credits %d is created', async (maxCredits) => {
		const { error } = await createEach(numbered(3), { options: { maxCredits } });
		expect(error).toBeNull();
		expect(emulator.current.tasks()).toHaveLength(3);
	});

	test('a run above the balance is refused before the first create, when asked', async () => {
		emulator.current.setBalance(emulator.current.apiKey, 300);
		const { error } = await createEach(numbered(3), { options: { checkBalance: true } });
		expect(error).toBeInstanceOf(Error);
		expect(emulator.current.count({ route: 'getCredits' })).toBe(1);
		expect(emulator.current.count({ route: 'create' })).toBe(0);
	});

	test('the balance is not read unless asked', async () => {
		await createEach(numbered(2));
		expect(emulator.current.count({ route: 'getCredits' })).toBe(0);
	});
});
