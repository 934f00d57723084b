import { useKling } from '../harness/node/kling';
import { apiErrorOf } from '../harness/node/errors';
import { everythingShown } from '../harness/node/runKling';
import { createTask, creditsCharged } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

const { emulator, create } = useKling();

const OPERATIONS = ['create', 'createAndWait', 'getTask', 'wait', 'getCredits'] as const;
type Operation = (typeof OPERATIONS)[number];
const isCreating = (operation: Operation) =>
	operation === 'create' || operation === 'createAndWait';

/** How often a request is sent in all when the API always gives this answer. */
const ONCE = { create: 1, read: 1 } as const;
const FOR_FIVE_MINUTES = { create: null, read: null } as const;
const READS_RETRIED = { create: 1, read: 4 } as const;

/** What each documented answer means: the advice may differ where money is at stake. */
const ANSWERS = [
	{ name: '400', httpCode: '400', message: /did not accept/, advice: /parameters/, sent: ONCE },
	{ name: '401', httpCode: '401', message: /refused the key/, advice: /API Key/, sent: ONCE },
	{ name: '402', httpCode: '402', message: /too few credits/, advice: /Top up/, sent: ONCE },
	{ name: '403', httpCode: '403', message: /address/, advice: /allow-list/, sent: ONCE },
	{ name: '404', httpCode: '404', message: /not know this task/, advice: /Task ID/, sent: ONCE },
	{ name: '404-model', httpCode: '404', message: /Kling 2\.6/, advice: /later/, sent: ONCE },
	{
		name: '429-rate',
		httpCode: '429',
		message: /too many requests/,
		advice: /later/,
		sent: FOR_FIVE_MINUTES,
	},
	{ name: '429-spend', httpCode: '429', message: /spending limit/, advice: /limit/, sent: ONCE },
	{ name: '500', httpCode: '500', message: /./, advice: /again|dashboard/, sent: READS_RETRIED },
	{ name: '503', httpCode: '503', message: /./, advice: /again|dashboard/, sent: READS_RETRIED },
] as const;

/** Answers after which a wait goes on until its time is over: the video is paid for. */
const PASSING: readonly string[] = ['429-rate', '500', '503'];

const ROWS = OPERATIONS.flatMap((operation) =>
	ANSWERS.filter(({ name }) => operation !== 'wait' || !PASSING.includes(name)).map(
		(answer) => [operation, answer.name, answer] as const,
	),
);

const runAgainst = async (operation: Operation, taskId: string) =>
	await create({ operation, taskId, timeout: 1 });

/** Requests of the node, that is all but the one that made the task to read. */
const sentCount = (operation: Operation) => {
	const { current } = emulator;
	// The credits are read after a create that they were too few for.
	return (isCreating(operation) ? current.count({ route: 'create' }) : current.count()) - 1;
};

describe('every documented answer', () => {
	test.each(ROWS)('%s, %s', async (operation, name, { httpCode, message, advice, sent }) => {
		const taskId = await createTask(emulator.current);
		const apiText = `The API’s own words about ${name}.`;
		emulator.current.fault({
			match: {},
			fault: { http: name, message: apiText },
			times: 'always',
		});

		const begun = clock.now();
		const error = apiErrorOf(await runAgainst(operation, taskId));
		expect(error.httpCode).toBe(httpCode);
		expect(error.message).toMatch(message);
		expect(error.description).toMatch(advice);
		expect(error.description).toContain(apiText);
		const times = isCreating(operation) ? sent.create : sent.read;
		if (times === null) {
			// For five minutes.
			expect(clock.now() - begun).toBeGreaterThan(300_000);
			expect(clock.pauses.slice(0, -1).reduce((sum, ms) => sum + ms, 0)).toBeLessThan(300_000);
			expect(sentCount(operation)).toBeLessThan(15);
		} else expect(sentCount(operation)).toBe(times);
		expect(creditsCharged(emulator.current)).toBe(110);
	});

	test.each(PASSING)('wait, %s: the wait goes on until its time is over', async (name) => {
		const taskId = await createTask(emulator.current);
		const answer = ANSWERS.find((candidate) => candidate.name === name);
		emulator.current.fault({
			match: {},
			fault: { http: answer?.name ?? '500' },
			times: 'always',
		});
		const { json, error } = await runAgainst('wait', taskId);
		expect(error).toBeNull();
		expect(json).toMatchObject([{ taskId, timedOut: true }]);
		expect(sentCount('wait')).toBeGreaterThan(1);
	});

	test('a create that the credits are too few for names how many there are, by one free reading', async () => {
		emulator.current.setBalance(emulator.current.apiKey, 90);
		const { message, description } = apiErrorOf(await runAgainst('create', ''));
		expect(message).toMatch(/too few credits.*: it needs about 110, and the account has 90$/);
		expect(description).toMatch(/Nothing was charged for this video/);
		expect(emulator.current.count({ route: 'getCredits' })).toBe(1);
	});
});

describe('the pauses before a request is sent again', () => {
	const creating = async () => await runAgainst('create', '');

	test('are as long as Retry-After asks', async () => {
		emulator.current.fault({ match: {}, fault: { http: '429-rate', retryAfter: 20 } });
		const { error } = await creating();
		expect(error).toBeNull();
		expect(clock.pauses).toHaveLength(1);
		expect(clock.pauses[0]).toBeGreaterThan(19_900);
		expect(clock.pauses[0]).toBeLessThanOrEqual(25_000);
	});
});

test('no error, item or hint ever shows the API key', () => {
	const shown = everythingShown();
	expect(shown).toContain('refused the key');
	expect(shown).not.toContain(emulator.current.apiKey);
	expect(shown).not.toMatch(/Bearer sk-/);
});
