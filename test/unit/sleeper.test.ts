import { everythingDue, takeOff } from '../../nodes/Kling/n8n/dueWork';
import { after } from '../../nodes/Kling/n8n/async';
import { lastLook, openOf } from '../../nodes/Kling/waiting/look';
import { sleeperOf } from '../../nodes/Kling/waiting/sleeper';
import { useClock } from '../harness/inMemory/clock';
import { completedTask, failure, fakeClient, taskIdOf, toReading } from '../harness/node/builders';

const clock = useClock();

const MINUTE_MS = 60_000;

afterEach(async () => {
	for (const due of [...everythingDue()]) takeOff(due);
	await clock.advance(MINUTE_MS);
});

/** A wait as it is stored, whose time is over after a minute. */
const stored = (count = 1) => ({
	executionId: '42',
	runIndex: 0,
	timeoutAt: clock.now + MINUTE_MS,
	n8nTimerAt: clock.now + 15 * MINUTE_MS,
	items: Array.from({ length: count }, (_, index) => ({
		task: index,
		taskId: taskIdOf(index + 1),
		createdAt: null,
		request: null,
		simplify: true,
		downloadField: 'data',
	})),
});

test('a wait that resumes is known as long as its files take, and then as long as n8n may take', async () => {
	const wait = stored();
	const sleeper = sleeperOf(wait);
	sleeper.beginResume();
	await clock.advance(13 * MINUTE_MS);
	expect(sleeperOf(wait)).toBe(sleeper);
	sleeper.endResume(true, true);
	expect(sleeper.tasks).toEqual([]);
	await clock.advance(9 * MINUTE_MS);
	expect(sleeperOf(wait).isDone).toBe(true);
	await clock.advance(2 * MINUTE_MS);
	expect(sleeperOf(wait)).not.toBe(sleeper);
});

test.each([true, false])(
	'a wait that n8n did not go on with is made anew, but where n8n keeps a queue: %s',
	async (mayQueue) => {
		const wait = { ...stored(), timeoutAt: clock.now + 10 * MINUTE_MS };
		const sleeper = sleeperOf(wait);
		sleeper.beginResume();
		await clock.advance(MINUTE_MS);
		sleeper.endResume(true, mayQueue);
		await clock.advance(MINUTE_MS / 3);
		expect(sleeperOf(wait)).toBe(sleeper);
		await clock.advance(MINUTE_MS);
		expect(sleeperOf(wait).isDone).toBe(mayQueue);
	},
);

test('one id that two accounts are asked for is two tasks', () => {
	const clients = [fakeClient({}), fakeClient({})];
	const items = stored(2).items.map((item) => ({ ...item, taskId: taskIdOf(1) }));
	const { tasks } = sleeperOf({ ...stored(), items }, clients);
	expect(tasks.map(({ client }) => client)).toEqual(clients);
});

test('another wait of the same execution is another one', () => {
	const wait = stored();
	const sleeper = sleeperOf(wait);
	expect(sleeperOf(wait)).toBe(sleeper);
	expect(sleeperOf({ ...wait, timeoutAt: 0 })).not.toBe(sleeper);
	expect(sleeperOf({ ...wait, runIndex: 1 })).not.toBe(sleeper);
});

test('a wait whose time is over reads each task, though the readings of five hang', async () => {
	const { tasks, timeoutAt } = sleeperOf(stored(8));
	await clock.advance(MINUTE_MS);
	let reads = 0;
	const ending = lastLook(tasks, timeoutAt, async ({ id }, withinMs = 0) => {
		reads += 1;
		if (reads > 5) return toReading(completedTask({ id }));
		await after(withinMs);
		return failure({ kind: 'network', status: null, code: 'ETIMEDOUT' });
	});
	await clock.advance(20_000);
	await ending;
	expect(openOf(tasks)).toHaveLength(5);
});
