import type * as N8nWorkflow from 'n8n-workflow';

import { type ApiFailure, Failure } from '../../nodes/Kling/api/failure';
import { Pace } from '../../nodes/Kling/api/pace';
import { Task } from '../../nodes/Kling/api/task';
import { CancelledError } from '../../nodes/Kling/n8n/async';
import { lastLook, openOf } from '../../nodes/Kling/waiting/look';
import { useClock } from '../harness/inMemory/clock';
import { completedTask, failure, taskIdOf, toReading } from '../harness/node/builders';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual<typeof N8nWorkflow>('n8n-workflow'),
	sleep: async (ms: number) =>
		await new Promise((resolve) => {
			AbortSignal.timeout(ms).addEventListener('abort', resolve);
		}),
}));

const clock = useClock();

const limit = (retryAfterMs: number | null = null) =>
	failure({ status: 429, code: 'rate_limit_exceeded', retryAfterMs });
const down = (retryAfterMs: number | null = null) =>
	failure({ status: 503, code: null, retryAfterMs });

/** Requests that ask for a place, and what came of that so far: in, not sent, or still waiting. */
function asking(pace: Pace, count: number, mayWait = true) {
	const states = Array.from({ length: count }, () => 'waiting');
	for (const index of states.keys()) {
		void pace.enter(mayWait).then((blocked) => {
			states[index] = blocked === null ? 'in' : 'not sent';
		});
	}
	return { count: (state: string) => states.filter((one) => one === state).length };
}

/** Lets promises go on, without time. */
const turn = async () => await clock.advance(0);

/** A pace that the API has just slowed down. */
async function slowedDown(by: ApiFailure): Promise<Pace> {
	const pace = new Pace();
	await pace.enter(true);
	pace.leave(by);
	return pace;
}

test('requests go out at once as long as the API does not complain', async () => {
	const requests = asking(new Pace(), 50);
	await turn();
	expect(requests.count('in')).toBe(50);
});

describe('a rate limit', () => {
	test('lets nothing out during its pause, then one request, then more with each that succeeds', async () => {
		const pace = await slowedDown(limit(5_000));
		const requests = asking(pace, 10);
		await clock.advance(4_900);
		expect(requests.count('in')).toBe(0);
		const seen = [];
		await clock.advance(2_000);
		for (let done = 0; done < 4; done++) {
			seen.push(requests.count('in'));
			pace.leave(null);
			await turn();
		}
		expect(seen).toEqual([1, 3, 5, 7]);
	});

	test('goes back to one after another when it comes again', async () => {
		const pace = await slowedDown(limit());
		const requests = asking(pace, 10);
		await clock.advance(10_000);
		pace.leave(null);
		await turn();
		const before = requests.count('in');
		pace.leave(limit());
		pace.leave(null);
		await clock.advance(60_000);
		expect(requests.count('in') - before).toBeLessThanOrEqual(2);
	});

	test('pauses a little longer each time, but counts those that were under way together once', async () => {
		const pace = new Pace();
		await Promise.all([1, 2, 3, 4, 5, 6].map(async () => await pace.enter(true)));
		for (let count = 0; count < 6; count++) pace.leave(limit());
		const requests = asking(pace, 1);
		await clock.advance(1_500);
		expect(requests.count('in')).toBe(1);
		pace.leave(limit());
		const later = asking(pace, 1);
		await clock.advance(1_500);
		expect(later.count('in')).toBe(0);
		await clock.advance(1_500);
		expect(later.count('in')).toBe(1);
	});

	test('gives up once it has refused everything for five minutes, and nobody is left waiting', async () => {
		const pace = await slowedDown(limit());
		const requests = asking(pace, 10);
		for (let minute = 0; minute < 6; minute++) {
			await clock.advance(60_000);
			if (requests.count('in') + requests.count('not sent') < 10) pace.leave(limit());
		}
		await clock.advance(60_000);
		expect(requests.count('waiting')).toBe(0);
		expect(requests.count('not sent')).toBeGreaterThan(0);
	});

	test('that was given up keeps out what comes during the pause, and tries again behind it', async () => {
		const pace = await slowedDown(limit(301_000));
		expect((await pace.enter(false))?.detail).toMatchObject({ kind: 'paused' });
		await clock.advance(302_000);
		expect(await pace.enter(false)).toBeNull();
		pace.leave(limit());
		const blocked = await pace.enter(true);
		expect(blocked?.detail).toMatchObject({ kind: 'paused', outcome: 'notSent' });
	});

	test('is over with the first request that succeeds', async () => {
		const pace = await slowedDown(limit());
		await clock.advance(250_000);
		await pace.enter(true);
		pace.leave(null);
		await pace.enter(true);
		pace.leave(limit());
		await clock.advance(100_000);
		expect(pace.isGivenUp()).toBe(false);
	});
});

describe('a pause that the API asks for', () => {
	test('of up to a minute is waited for', async () => {
		const requests = asking(await slowedDown(down(60_000)), 3);
		await clock.advance(59_000);
		expect(requests.count('waiting')).toBe(3);
		await clock.advance(2_000);
		expect(requests.count('in')).toBe(3);
	});

	test('of more than a minute leaves the others not sent, and says how long it is', async () => {
		const pace = await slowedDown(down(120_000));
		await clock.advance(30_000);
		const blocked = await pace.enter(true);
		expect(blocked).toBeInstanceOf(Failure);
		expect(blocked?.detail).toMatchObject({
			kind: 'paused',
			outcome: 'notSent',
			status: null,
			retryAfterMs: 90_000,
		});
	});

	test('of more than a minute leaves those not sent, too, that wait one after another', async () => {
		const pace = await slowedDown(limit());
		const requests = asking(pace, 5);
		await clock.advance(10_000);
		pace.leave(down(120_000));
		await turn();
		expect([requests.count('in'), requests.count('not sent')]).toEqual([1, 4]);
	});

	test('keeps a look from being made at all, which waits for nothing', async () => {
		const pace = await slowedDown(down(5_000));
		const looks = asking(pace, 3, false);
		await turn();
		expect(looks.count('not sent')).toBe(3);
	});

	test('is not there after a fault without Retry-After', async () => {
		const requests = asking(await slowedDown(down()), 3);
		await turn();
		expect(requests.count('in')).toBe(3);
	});
});

test('a request waits for its place no longer than it may, and leaves it to the next one', async () => {
	const pace = await slowedDown(limit(1_000));
	await clock.advance(2_000);
	await pace.enter(false);
	const late = pace.enter(false, undefined, 5_000);
	const next = asking(pace, 1, false);
	await clock.advance(6_000);
	expect((await late)?.detail).toMatchObject({ kind: 'paused', outcome: 'notSent' });
	pace.leave(null);
	await turn();
	expect(next.count('in')).toBe(1);
});

test('the last look reads each of 200 tasks where a rate limit lets five through in a second', async () => {
	const tasks = Array.from({ length: 200 }, (_, index) => new Task(taskIdOf(index), null));
	let allowedAt = 0;
	const ending = lastLook(tasks, clock.now, async ({ id }) => {
		if (clock.now < allowedAt) return await Promise.resolve(limit());
		allowedAt = clock.now + 200;
		return toReading(completedTask({ id }));
	});
	await clock.advance(120_000);
	await ending;
	expect(openOf(tasks)).toEqual([]);
});

test('a request that waits for its place ends when the execution is cancelled', async () => {
	const pace = await slowedDown(limit());
	const abort = new AbortController();
	const entering = Promise.all([1, 2].map(async () => await pace.enter(true, abort.signal)));
	entering.catch(() => undefined);
	await clock.advance(5_000);
	abort.abort();
	await expect(entering).rejects.toBeInstanceOf(CancelledError);
});
