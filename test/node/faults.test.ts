import type { Fault } from '../emulator';
import { useKling } from '../harness/node/kling';
import { apiErrorOf } from '../harness/node/errors';
import { everythingShown } from '../harness/node/runKling';
import { createTask, creditsCharged } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

const { emulator, create, createEach, readEach, finishedTask } = useKling();

const PRICE = 110;

const creates = () => emulator.current.count({ route: 'create' });
const reads = (taskId?: string) => emulator.current.count({ route: 'getTask', taskId });

/**
 * Faults after which nobody knows whether the task was created, and what was really charged: those that
 * docs/reliability.md does not name.
 */
const UNCLEAR: ReadonlyArray<[Fault, number]> = [
	['hang-before', 0],
	['html', 0],
	['html-502', 0],
	['html-502-after', PRICE],
	['empty-body', PRICE],
	['not-json', PRICE],
	['code-not-200', 0],
	['no-task-id', 0],
	['http:500-after', PRICE],
	['http:503-after', PRICE],
	[{ body: { status: 200, body: 'null' }, when: 'after' }, PRICE],
	[{ body: { status: 200, body: '[]' }, when: 'after' }, PRICE],
	[{ body: { status: 204 }, when: 'after' }, PRICE],
	[{ body: { body: '['.repeat(20_000) + ']'.repeat(20_000) }, when: 'after' }, PRICE],
	[{ body: { status: 408, body: 'Request Timeout' }, when: 'after' }, PRICE],
];

describe('a create whose outcome is unclear is sent exactly once', () => {
	test.each(UNCLEAR)('%#: charged', async (fault, charged) => {
		clock.shortenFor(fault);
		emulator.current.fault({ match: {}, fault, times: 'always' });
		const { message, description } = apiErrorOf(await create());
		expect(creates()).toBe(1);
		expect(creditsCharged(emulator.current)).toBe(charged);
		expect(message).not.toBe('');
		expect(description).toMatch(/may have been charged/);
		expect(description).not.toMatch(/nothing was charged/i);
		expect(clock.pauses).toEqual([]);
	});

	test('by Create and Wait too, which then waits for nothing', async () => {
		emulator.current.fault({ match: {}, fault: 'reset-after' });
		const { error } = await create({ operation: 'createAndWait' });
		expect(apiErrorOf({ error }).description).toMatch(/may have been charged/);
		expect([creates(), reads()]).toEqual([1, 0]);
	});

	test('when every item of a run meets it, each item once', async () => {
		emulator.current.fault({ match: {}, fault: 'reset-after', times: 'always' });
		const { items } = await createEach(
			['One', 'Two', 'Three'],
			{},
			{ onError: 'continueRegularOutput' },
		);
		expect(items).toHaveLength(3);
		const prompts = emulator.current.tasks().map((task) => task.prompt);
		expect([...prompts].sort()).toEqual(['One', 'Three', 'Two']);
	});
});

describe('a create that was refused', () => {
	test.each<[Fault, RegExp]>([
		['redirect', /redirect/],
		[{ redirect: 'https://elsewhere.example/', status: 307 }, /redirect/],
		[{ body: { status: 404, body: '<html>Not Found</html>' } }, /did not accept/],
		[{ body: { status: 413, body: '' } }, /did not accept/],
	])('by %j is sent once, and nothing was charged', async (fault, words) => {
		emulator.current.fault({ match: {}, fault, times: 'always' });
		expect(apiErrorOf(await create()).message).toMatch(words);
		expect(emulator.current.count()).toBe(1);
		expect(creditsCharged(emulator.current)).toBe(0);
	});
});

describe('a create that never reached the API', () => {
	test('is sent once the API is back, and charged once', async () => {
		await emulator.current.goOffline();
		clock.duringPause = async (count) => {
			if (count === 2) await emulator.current.goOnline();
		};
		const { error } = await create();
		expect(error).toBeNull();
		expect(creates()).toBe(1);
		expect(creditsCharged(emulator.current)).toBe(PRICE);
	});
});

/** Faults of a read after which it is worth another try: those that docs/reliability.md does not name. */
const PASSING: readonly Fault[] = [
	'hang-before',
	'html-502',
	'empty-body',
	'not-json',
	{ body: { status: 200, body: 'null' } },
	{ mutate: { path: 'id', value: '00000000-0000-4000-8000-000000000000' } },
];

describe('a read that did not get through', () => {
	test.each(PASSING)('%j, always: Get Task gives up after four', async (fault) => {
		clock.shortenFor(fault);
		const taskId = await createTask(emulator.current);
		emulator.current.fault({ match: {}, fault, times: 'always' });
		const { message, description } = apiErrorOf(await readEach('getTask', [taskId]));
		expect(message).toContain(taskId);
		expect(description).not.toMatch(/may have been charged/);
		expect(emulator.current.count({ method: 'GET' })).toBe(4);
	});

	test.each(
		(['getTask', 'wait'] as const).flatMap((operation) =>
			[...PASSING, 'reset-after' as const, 'http:429-rate' as const].map((fault) => ({
				operation,
				fault,
			})),
		),
	)('$fault, twice: $operation reads on and gives the video', async ({ operation, fault }) => {
		clock.shortenFor(fault);
		const taskId = await finishedTask();
		emulator.current.fault({ match: {}, fault, times: 2 });
		const { json, error } = await readEach(operation, [taskId]);
		expect(error).toBeNull();
		expect(json).toMatchObject([{ taskId, status: 'completed' }]);
		expect(emulator.current.count({ method: 'GET' })).toBe(3);
	});

	test('a redirect is not followed, so the key stays with its host', async () => {
		const taskId = await createTask(emulator.current);
		emulator.current.fault({ match: {}, fault: 'redirect', times: 'always' });
		const result = await readEach('getTask', [taskId]);
		expect(apiErrorOf(result).message).toMatch(/redirect/);
		expect(emulator.current.count({ method: 'GET' })).toBe(1);
	});

	test('a right answer with a wrong content type is taken', async () => {
		const taskId = await createTask(emulator.current);
		emulator.current.fault({ match: {}, fault: 'wrong-content-type', times: 'always' });
		const { json } = await readEach('getTask', [taskId]);
		expect(json).toMatchObject([{ taskId }]);
	});
});

test('no fault ever makes the API key show', () => {
	const shown = everythingShown();
	expect(shown).toContain('may have been charged');
	expect(shown).not.toContain(emulator.current.apiKey);
});
