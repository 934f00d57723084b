import { everythingDue, takeOff } from '../../nodes/Kling/n8n/dueWork';
import { sleeperOf } from '../../nodes/Kling/waiting/sleeper';
import { useClock } from '../harness/inMemory/clock';
import { taskIdOf } from '../harness/node/builders';

const clock = useClock();

const MINUTE_MS = 60_000;

afterEach(async () => {
	for (const due of [...everythingDue()]) takeOff(due);
	await clock.advance(MINUTE_MS);
});

/** A wait as it is stored, whose time is over after a minute. */
const stored = () => ({
	executionId: '42',
	runIndex: 0,
	timeoutAt: clock.now + MINUTE_MS,
	n8nTimerAt: clock.now + 15 * MINUTE_MS,
	items: [
		{
			taskId: taskIdOf(1),
			createdAt: null,
			request: null,
			simplify: true,
			downloadField: 'data',
		},
	],
});

test('a wait that resumes is known as long as its files take, and then as long as n8n may take', async () => {
	const wait = stored();
	const sleeper = sleeperOf(wait);
	sleeper.beginResume();
	await clock.advance(13 * MINUTE_MS);
	expect(sleeperOf(wait)).toBe(sleeper);
	sleeper.endResume(true);
	expect(sleeper.tasks).toEqual([]);
	await clock.advance(9 * MINUTE_MS);
	expect(sleeperOf(wait).isResuming).toBe(true);
	await clock.advance(2 * MINUTE_MS);
	expect(sleeperOf(wait)).not.toBe(sleeper);
});

test('another wait of the same execution is another one', () => {
	const wait = stored();
	const sleeper = sleeperOf(wait);
	expect(sleeperOf(wait)).toBe(sleeper);
	expect(sleeperOf({ ...wait, timeoutAt: 0 })).not.toBe(sleeper);
	expect(sleeperOf({ ...wait, runIndex: 1 })).not.toBe(sleeper);
});
