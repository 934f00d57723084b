import { z } from 'zod';

import type { FaultKind, Plan } from '../harness/inMemory/api';
import { useClock } from '../harness/inMemory/clock';
import { type Execution, N8n, type Step } from '../harness/inMemory/n8n';
import type { N8nProcess } from '../harness/inMemory/process';

const clock = useClock();

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let n8n: N8n;
beforeEach(() => {
	n8n = new N8n(clock);
});

/** Each call from outside is taken by the next of these processes. */
function takeTurns(processes: readonly N8nProcess[]): void {
	let calls = 0;
	n8n.door = () => processes[calls++ % processes.length] ?? null;
}

/** An execution that has fallen asleep, in a process of its own. */
async function asleep(plans: readonly Plan[], more?: Record<string, unknown>): Promise<Execution> {
	const execution = n8n.execute(n8n.start(), createAndWait(plans, more));
	await clock.advance(SECOND);
	return execution;
}

/** Wherever the parameter stands. */
const DOWNLOADS = { downloadVideo: true, options: { downloadVideo: true } };

const IMAGE = { imageUrls: 'https://example.com/cat.jpg' };

const createAndWait = (plans: readonly Plan[], more: Record<string, unknown> = {}): Step => ({
	parameters: { operation: 'createAndWait', ...IMAGE, ...more },
	plans,
	account: 'a',
});

const createForTrigger = (plans: readonly Plan[]): Step => ({
	parameters: { operation: 'create', callback: 'trigger', ...IMAGE },
	plans,
	account: 'a',
});

/** The statuses that one step passed on; each item must be of the task that was made for it. */
function statusesOf({ outputs }: Execution, step = 0): unknown[] {
	return outputs
		.filter((output) => output.step === step)
		.flatMap(({ items }) => items.map(({ json }) => json['status'] ?? json['error']));
}

const readingsOf = (taskId: string) =>
	n8n.api.readings.filter((reading) => reading.taskId === taskId).length;

/** A task of nobody's execution, which has ended. */
const finished = () => n8n.api.create('a', { endsAfter: 0 });

/** The address at which an execution is called back. */
const resumeUrl = ({ id }: Execution) => `/webhook-waiting/${id}/kling?signature=s`;

const TRIGGER_URL = '/webhook/kling/w1';

const bodyOf = (id: string, status = 'completed') => JSON.stringify({ id, status });

const answerSchema = z.object({ state: z.string() });

async function post(url: string, body: string, process = n8n.door()): Promise<string> {
	if (process === null) throw new Error('Nobody takes calls');
	const answer = n8n.deliver(process, url, body);
	await clock.advance(10 * SECOND);
	return answerSchema.parse(JSON.parse((await answer).body)).state;
}

const [ONE = '', TWO = ''] = ['00000001', '00000002'].map(
	(start) => `${start}-0b7d-4c5a-9e21-6d1f8a2b4c3d`,
);

describe('an execution that sleeps', () => {
	test('goes on once all of its tasks have called back, each read once more', async () => {
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ callbacks: [0] }, { endsAfter: 30_000, callbacks: [0] }]),
		);
		await clock.advance(61 * SECOND);
		expect(statusesOf(execution)).toEqual(['completed', 'completed']);
		// Before it fell asleep, by the first look where it was still open, and by its callback.
		expect([readingsOf(ONE), readingsOf(TWO)]).toEqual([2, 3]);
	});

	test('has no more than five calls read at once, and misses none that it answers without', async () => {
		n8n.api.account('a').latencyMs = 4 * SECOND;
		const endsTogether = Array.from({ length: 20 }, () => ({ callbacks: [0] }));
		const execution = await asleep(endsTogether, { options: { concurrency: 20 } });
		await clock.advance(3 * MINUTE);
		expect(statusesOf(execution)).toEqual(endsTogether.map(() => 'completed'));
		const answers = n8n.api.callbacks.map(({ status, tookMs }) => [status, tookMs > 0]);
		expect(answers.filter(([, isRead]) => isRead)).toHaveLength(5);
		expect(answers.filter(([status]) => status !== 200)).toEqual([]);
	});

	test('is looked at within ten seconds, then after about 1, 2, 4, 8 … minutes', async () => {
		await asleep([{ endsAfter: null }], { timeout: 180 });
		const begun = clock.now;
		await clock.advance(100 * MINUTE);
		const [, first = Infinity, ...later] = n8n.api.readings.map(({ askedAt }) => askedAt - begun);
		expect(first).toBeLessThan(10 * SECOND);
		const gaps = later.map((at, index) => at - (later[index - 1] ?? first));
		expect(gaps.map((gap) => Math.round(Math.log2(gap / MINUTE)))).toEqual([0, 1, 2, 3, 4, 5]);
	});

	test('is looked at when its callback is lost, and leaves nothing behind', async () => {
		const main = n8n.start();
		const execution = n8n.execute(main, createAndWait([{ endsAfter: 5 * SECOND }]));
		await clock.advance(10 * SECOND);
		expect(statusesOf(execution)).toEqual(['completed']);
		// Its end is remembered until its time would have been over.
		await clock.advance(41 * MINUTE);
		expect(main.left()).toEqual([]);
	});

	test('does not fall asleep for a task that is finished, though the first reading of it fails', async () => {
		const { faults } = n8n.api.account('a');
		faults.push({ from: 0, until: clock.now + 300, kind: '500' });
		const execution = n8n.execute(n8n.start(), createAndWait([{ endsAfter: 0 }]));
		await clock.advance(10 * SECOND);
		expect([statusesOf(execution), execution.sleeps]).toEqual([['completed'], []]);
		expect(readingsOf(ONE)).toBe(2);
	});

	test('is left alone for as long as the API asked before it slept, and goes on behind that', async () => {
		const { faults } = n8n.api.account('a');
		faults.push({ from: 0, until: clock.now + SECOND, kind: 'limited', retryAfter: 360 });
		const execution = n8n.execute(n8n.start(), createAndWait([{ callbacks: [0] }]));
		await clock.advance(5 * MINUTE);
		expect([execution.status, readingsOf(ONE)]).toEqual(['waiting', 1]);
		await clock.advance(3 * MINUTE);
		expect(statusesOf(execution)).toEqual(['completed']);
	});

	test('is not woken by a task of somebody else, which is not even read', async () => {
		const execution = await asleep([{}]);
		const other = finished();
		expect(await post(resumeUrl(execution), bodyOf(other.id))).toBe('unknown');
		expect([execution.status, readingsOf(other.id)]).toEqual(['waiting', 0]);
	});

	test('is not woken by a callback that only says so', async () => {
		const execution = await asleep([{}]);
		expect(await post(resumeUrl(execution), bodyOf(ONE))).toBe('open');
		expect(execution.status).toBe('waiting');
	});

	test('says whether it sleeps at the very wait that is asked about', async () => {
		const execution = await asleep([{}]);
		const timeoutAt = execution.sleeps[0]?.timeoutAt ?? 0;
		const ask = async (asks: object) => await post(resumeUrl(execution), JSON.stringify({ asks }));
		expect(await ask({ node: 'Kling 0', timeoutAt })).toBe('asleep');
		expect(await ask({ node: 'Kling 0', timeoutAt: timeoutAt + 1 })).toBe('unknown');
		expect(await ask({ node: 'Kling 1', timeoutAt })).toBe('unknown');
	});

	test.each<[string, FaultKind]>([
		['a key that is being replaced', '401'],
		['a proxy’s page with 403', 'page 403'],
		['a proxy’s page with 404', 'page 404'],
		['a redirect', 'redirect'],
		['a server fault', '500'],
		['a rate limit', 'limited'],
		['an API that hangs', 'hangs'],
		['a broken connection', 'reset'],
	])('sleeps on through %s, and goes on afterwards', async (_, kind) => {
		const { faults } = n8n.api.account('a');
		const execution = await asleep([{ callbacks: [0, 1] }]);
		faults.push({ from: clock.now, until: clock.now + 3 * MINUTE, kind });
		await clock.advance(3 * MINUTE);
		expect(execution.status).toBe('waiting');
		await clock.advance(2 * MINUTE);
		expect(statusesOf(execution)).toEqual(['completed']);
	});

	test('gives up a task that the API still does not know after two minutes, and no other', async () => {
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ hiddenFor: HOUR }, { callbacks: [0] }]),
		);
		await clock.advance(8 * MINUTE);
		const [{ items: [gone, other] } = { items: [] }] = execution.outputs;
		expect(gone?.json).toMatchObject({ details: { httpCode: '404', taskId: ONE } });
		expect(other?.json).toMatchObject({ status: 'completed', taskId: TWO });
	});

	test('gets nothing from what was read before its timeout, if it can be read then', async () => {
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ endsAfter: 59_900 }, { endsAfter: null }], { timeout: 1 }),
		);
		await clock.advance(2 * MINUTE);
		expect(statusesOf(execution)).toEqual(['completed', 'processing']);
	});

	test.each(['the same', 'another'])(
		'comes out at its timeout while the API asks for a pause, with %s key',
		async (key) => {
			const execution = n8n.execute(
				n8n.start(),
				createAndWait([{ endsAfter: null }], { timeout: 1 }),
			);
			await clock.advance(40 * SECOND);
			const account = n8n.api.account('a');
			account.faults.push({ from: 0, until: clock.now + SECOND, kind: 'limited', retryAfter: 55 });
			await post(resumeUrl(execution), bodyOf(ONE));
			if (key === 'another') account.key = 'sk-a-2';
			await clock.advance(25 * SECOND);
			expect(statusesOf(execution)).toEqual(['processing']);
		},
	);

	test('waits for no other account: its looks and callbacks hang, and these are on time', async () => {
		const main = n8n.start();
		for (let count = 0; count < 30; count++) {
			n8n.execute(main, createAndWait([{ endsAfter: SECOND, callbacks: [SECOND] }]));
		}
		await clock.advance(SECOND / 2);
		const other = n8n.execute(main, {
			...createAndWait([{ endsAfter: 5 * SECOND }]),
			account: 'b',
		});
		await clock.advance(SECOND / 2);
		n8n.api.account('a').faults.push({ from: 0, until: Infinity, kind: 'hangs' });
		await clock.advance(9 * SECOND);
		expect(statusesOf(other)).toEqual(['completed']);
	});

	test('is resumed once, though it waits in n8n for others to end, and its callback is repeated', async () => {
		n8n.mode = 'regular';
		n8n.turn = async () => await clock.sleep(2 * MINUTE);
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ callbacks: [0, 2_000, 75_000] }]),
			createAndWait([{ endsAfter: null }]),
		);
		await clock.advance(10 * MINUTE);
		expect([execution.ran, n8n.api.tasks.size]).toEqual([[0, 1], 2]);
	});

	test('pays once behind it, also where it waits longer for others to end than n8n’s own timer', async () => {
		const turns = [5 * MINUTE, 5 * MINUTE];
		n8n.mode = 'regular';
		n8n.turn = async () => await clock.sleep(turns.shift() ?? 0);
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ callbacks: [0] }], { timeout: 1.5 }),
			createAndWait([{ endsAfter: 9 * MINUTE, callbacks: [0] }]),
		);
		await clock.advance(20 * MINUTE);
		expect(execution.ran).toEqual([0, 1, 1]);
		expect([execution.status, n8n.api.tasks.size]).toEqual(['success', 2]);
		expect(statusesOf(execution, 1)).toEqual(['completed']);
	});

	test('is not ended by n8n’s timer for the wait before, which a callback has ended', async () => {
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ endsAfter: 30 * SECOND, callbacks: [0] }], { timeout: 1 }),
			createAndWait([{ endsAfter: null }]),
		);
		await clock.advance(5 * MINUTE);
		expect([execution.outputs.length, execution.status]).toEqual([1, 'waiting']);
	});

	test('is given up, and named in the log, when nothing can wake it', async () => {
		const main = n8n.start();
		n8n.execute(main, createAndWait([{}], { timeout: 5 }));
		await clock.advance(SECOND);
		n8n.door = () => null;
		n8n.processes.splice(0);
		await clock.advance(14 * MINUTE);
		expect(main.left()).not.toEqual([]);
		await clock.advance(3 * MINUTE);
		expect(main.left()).toEqual([]);
		expect(n8n.log.filter((line) => line.includes('could not be woken'))).toEqual([
			expect.stringContaining(ONE),
		]);
	});

	test('lets n8n’s own timer end it once its process is gone, with its tasks', async () => {
		const main = n8n.start();
		const execution = n8n.execute(main, createAndWait([{}], { timeout: 1 }));
		await clock.advance(SECOND);
		n8n.kill(main);
		n8n.start();
		await clock.advance(5 * MINUTE);
		expect(execution.outputs).toMatchObject([
			{ byTimer: true, items: [{ json: { taskId: ONE, timedOut: true } }] },
		]);
	});
});

describe('two processes', () => {
	test('resume an execution once, though both take a callback while its file is on its way', async () => {
		n8n.fileMs = 84 * SECOND;
		const processes = [n8n.start(), n8n.start()];
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ callbacks: [0, 20_000, 62_000, 70_000] }], DOWNLOADS),
			createAndWait([{ endsAfter: 10 * MINUTE }]),
		);
		takeTurns(processes);
		await clock.advance(8 * MINUTE);
		expect([execution.ran, n8n.api.tasks.size, n8n.files]).toEqual([[0, 1], 2, 2]);
	});

	test('go on with an execution that a look has woken, where the one that fetches its file is killed', async () => {
		n8n.fileMs = 84 * SECOND;
		const [worker, one, other] = [n8n.start(), n8n.start(), n8n.start()];
		n8n.door = () => (one.isAlive ? one : other);
		const execution = n8n.execute(worker, createAndWait([{ endsAfter: 5 * SECOND }], DOWNLOADS));
		await clock.advance(MINUTE);
		expect(n8n.files).toBe(0);
		n8n.kill(one);
		await clock.advance(5 * MINUTE);
		expect(statusesOf(execution)).toEqual(['completed']);
		await clock.advance(HOUR);
		expect([execution.outputs.length, worker.left(), other.left()]).toEqual([1, [], []]);
	});

	test('resume an execution once, though n8n takes its time to go on for one of them', async () => {
		const processes = [n8n.start(), n8n.start()];
		takeTurns(processes);
		let turns = 0;
		n8n.turn = async () => await clock.sleep(turns++ * SECOND);
		const execution = n8n.execute(
			n8n.start(),
			createAndWait([{ endsAfter: 5 * SECOND, callbacks: [0, 0] }]),
			createAndWait([{ endsAfter: null }]),
		);
		await clock.advance(MINUTE);
		expect([execution.ran, n8n.api.tasks.size]).toEqual([[0, 1], 2]);
	});

	test('keep an execution that has slept awake in a Create, too, behind which a Wait of n8n may be', async () => {
		const create = createForTrigger([{}]);
		const execution = n8n.execute(n8n.start(), createAndWait([{ callbacks: [0] }]), create);
		await clock.advance(61 * SECOND);
		expect([execution.ran, execution.status, n8n.api.tasks.size]).toEqual([[0, 1], 'running', 1]);
		await clock.advance(10 * SECOND);
		expect([execution.status, n8n.api.tasks.size]).toEqual(['success', 2]);
	});

	test('wake an execution with a later look, where n8n did not go on with it', async () => {
		const [worker, door] = [n8n.start(), n8n.start()];
		n8n.door = () => door;
		// Its database refuses the first.
		n8n.turn = async () => {
			n8n.turn = async () => {};
			await Promise.reject(new Error('The database is away'));
		};
		const execution = n8n.execute(worker, createAndWait([{ callbacks: [0, 1_000] }]));
		await clock.advance(6 * MINUTE);
		expect(statusesOf(execution)).toEqual(['completed']);
		await clock.advance(HOUR);
		expect([execution.outputs.length, worker.left(), door.left()]).toEqual([1, [], []]);
	});

	test.each([1, 2])(
		'store one file for a callback that is repeated meanwhile: %i of them',
		async (count) => {
			n8n.fileMs = 84 * SECOND;
			const processes = Array.from({ length: count }, () => n8n.start());
			takeTurns(processes);
			const plan = { callbacks: [0, 2_000, 62_000, 70_000] };
			n8n.execute(processes[0] ?? n8n.start(), createAndWait([plan], DOWNLOADS));
			await clock.advance(8 * MINUTE);
			expect(n8n.files).toBe(count);
		},
	);

	test('look no more at a wait that the other has ended, once the execution sleeps again here', async () => {
		const [main, other] = [n8n.start(), n8n.start()];
		const execution = n8n.execute(
			main,
			createAndWait([{ callbacks: [0] }]),
			createAndWait([{ endsAfter: null }]),
		);
		n8n.door = () => other;
		n8n.worker = () => main;
		await clock.advance(20 * MINUTE);
		expect(execution.ran).toEqual([0, 1]);
		const ends = n8n.api.readings.filter(({ status }) => status === 'completed');
		expect(ends.map(({ by }) => by === other)).toEqual([true]);
	});

	test.each<FaultKind>(['hangs', '401'])(
		'make their last looks before n8n arms its timer, which would end the next wait: %s',
		async (kind) => {
			const [main, other] = [n8n.start(), n8n.start()];
			n8n.door = () => other;
			const execution = n8n.execute(
				main,
				createAndWait([{ endsAfter: null }], { timeout: 1 }),
				createAndWait([{ endsAfter: null }]),
			);
			const { faults } = n8n.api.account('a');
			faults.push({ from: clock.now + 50 * SECOND, until: clock.now + 10 * MINUTE, kind });
			await clock.advance(10 * MINUTE);
			expect([execution.outputs.length, execution.status]).toEqual([1, 'waiting']);
		},
	);

	test('know nothing of each other’s sleepers, so another one reads what it is told of', async () => {
		const main = n8n.start();
		const execution = n8n.execute(main, createAndWait([{ callbacks: [MINUTE] }, {}]));
		await clock.advance(SECOND);
		n8n.kill(main);
		const next = n8n.start();
		await clock.advance(3 * MINUTE);
		expect(statusesOf(execution)).toEqual(['completed', 'completed']);
		await clock.advance(HOUR);
		expect(next.left()).toEqual([]);
	});
});

describe('a Kling Trigger', () => {
	test('starts once for ten callbacks of one task at once', async () => {
		n8n.start();
		const { id } = finished();
		await Promise.all(Array.from({ length: 10 }, async () => await post(TRIGGER_URL, bodyOf(id))));
		expect(n8n.started).toHaveLength(1);
	});

	test('remembers ten tasks that came at the same moment, also after a restart', async () => {
		const main = n8n.start();
		const ids = Array.from({ length: 10 }, () => finished().id);
		const deliver = async () =>
			await Promise.all(ids.map(async (id) => await post(TRIGGER_URL, bodyOf(id))));
		await deliver();
		n8n.kill(main);
		n8n.start();
		expect(new Set(await deliver())).toEqual(new Set(['repeated']));
		expect(n8n.started).toHaveLength(10);
	});

	test.each<[FaultKind, number]>([
		['500', 1],
		['limited', 1],
		['reset', 1],
		['hangs', 1],
		['401', 5],
	])('starts later, once, after a callback that met %s', async (kind, minutes) => {
		const main = n8n.start();
		const { id } = finished();
		const { faults } = n8n.api.account('a');
		faults.push({ from: 0, until: clock.now + minutes * MINUTE, kind });
		for (let repeated = 0; repeated < 3; repeated++) {
			expect(await post(TRIGGER_URL, bodyOf(id))).toBe('unread');
		}
		expect(new Set(main.left().filter((value) => typeof value === 'object')).size).toBe(1);
		await clock.advance(20 * MINUTE);
		expect(n8n.started).toHaveLength(1);
		expect(main.left()).toEqual([]);
	});

	test('takes a key that was changed a second ago', async () => {
		n8n.start();
		const [one, two] = [finished(), finished()];
		void post(TRIGGER_URL, bodyOf(one.id));
		await clock.advance(SECOND);
		n8n.api.account('a').key = 'sk-a-2';
		expect(await post(TRIGGER_URL, bodyOf(two.id))).toBe('started');
	});

	test('starts for a task that the API still calls under way when it calls back', async () => {
		n8n.start();
		const { id } = n8n.api.create('a', { endsAfter: 12 * SECOND });
		expect(await post(TRIGGER_URL, bodyOf(id))).toBe('open');
		await clock.advance(MINUTE);
		expect(n8n.started).toHaveLength(1);
	});

	test('gives up a callback after ten minutes, and says so', async () => {
		const main = n8n.start();
		const { id } = finished();
		n8n.api.account('a').faults.push({ from: 0, until: Infinity, kind: '500' });
		await post(TRIGGER_URL, bodyOf(id));
		await clock.advance(12 * MINUTE);
		expect(main.left()).toEqual([]);
		expect(n8n.log).toEqual([expect.stringContaining(`task ${id} was given up`)]);
		await post(TRIGGER_URL, bodyOf(id));
		expect(main.left()).not.toEqual([]);
	});

	test('keeps no call of n8n to itself, which comes again by itself', async () => {
		const main = n8n.start();
		const { id } = finished();
		n8n.api.account('a').faults.push({ from: 0, until: Infinity, kind: '500' });
		const body = JSON.stringify({ id, status: 'completed', from: 'n8n' });
		expect(await post(TRIGGER_URL, body)).toBe('unread');
		expect(main.left()).toEqual([]);
	});

	test('keeps 10,000 callbacks until they can be verified, and logs the one that is too many', async () => {
		const main = n8n.start();
		const { faults } = n8n.api.account('a');
		faults.push({ from: 0, until: clock.now + 5 * SECOND, kind: '500' });
		const ids = Array.from({ length: 10_001 }, () => finished().id);
		for (const id of ids) void n8n.deliver(main, TRIGGER_URL, bodyOf(id));
		await clock.advance(SECOND);
		expect(n8n.log).toEqual([expect.stringContaining('is not kept')]);
		expect(new Set(main.left().filter((value) => typeof value === 'object')).size).toBe(10_000);
	});

	test('is told by a look, once, of a task whose callback is lost', async () => {
		const main = n8n.start();
		n8n.execute(main, createForTrigger([{ endsAfter: 150 * SECOND }]));
		await clock.advance(5 * MINUTE);
		expect(n8n.started).toMatchObject([{ json: { taskId: ONE, status: 'completed' } }]);
		await clock.advance(HOUR);
		expect([n8n.started.length, main.left()]).toEqual([1, []]);
	});

	test('is looked after no more once a callback has come', async () => {
		const main = n8n.start();
		n8n.execute(main, createForTrigger([{ callbacks: [0] }]));
		// What was delivered is noted once more some seconds later.
		await clock.advance(70 * SECOND);
		expect([n8n.started.length, main.left()]).toEqual([1, []]);
		await clock.advance(HOUR);
		expect(readingsOf(ONE)).toBe(1);
	});

	test('is told by no look of what came at the same moment to two processes', async () => {
		const [worker, ...processes] = [n8n.start(), n8n.start(), n8n.start()];
		takeTurns(processes);
		n8n.api.account('a').latencyMs = SECOND;
		const plan = { endsAfter: 5 * SECOND, callbacks: [0] };
		n8n.execute(worker, createForTrigger([plan, plan]));
		await clock.advance(30 * SECOND);
		expect(n8n.started).toHaveLength(2);
		// The looks at them call in the same order: the other one is to take each.
		takeTurns(processes.toReversed());
		await clock.advance(HOUR);
		expect(n8n.started).toHaveLength(2);
	});

	test('starts with a look, where the process that took the callback ends while the file is on its way', async () => {
		n8n.trigger = { account: 'a', parameters: { downloadVideo: true } };
		n8n.fileMs = 84 * SECOND;
		const [worker, one, other] = [n8n.start(), n8n.start(), n8n.start()];
		n8n.door = () => (one.isAlive ? one : other);
		const plan = { endsAfter: 5 * SECOND, callbacks: [0] };
		n8n.execute(worker, createForTrigger([plan]));
		await clock.advance(40 * SECOND);
		expect(n8n.started).toEqual([]);
		n8n.kill(one);
		await clock.advance(HOUR);
		expect(n8n.started).toHaveLength(1);
	});

	test('is not told by a look of what came while that was read, also without Deduplicate', async () => {
		n8n.trigger = { account: 'a', parameters: { options: { deduplicate: false } } };
		const main = n8n.start();
		n8n.api.account('a').latencyMs = 3 * SECOND;
		n8n.execute(main, createForTrigger([{ endsAfter: 50 * SECOND, callbacks: [18 * SECOND] }]));
		await clock.advance(10 * MINUTE);
		expect(n8n.started).toHaveLength(1);
	});

	test('is told by a look of a task of another account once its credential is mended, and that is logged', async () => {
		n8n.trigger = { account: 'b', parameters: {} };
		const main = n8n.start();
		n8n.execute(main, createForTrigger([{}]));
		await clock.advance(10 * MINUTE);
		expect(n8n.started).toEqual([]);
		expect(n8n.log.filter((line) => line.includes('another account'))).toEqual([
			expect.stringContaining(ONE),
		]);
		const { key: apiKey, baseUrl } = n8n.api.account('a');
		n8n.credentials.set('b', { apiKey, baseUrl });
		await clock.advance(HOUR);
		expect([n8n.started.length, main.left()]).toEqual([1, []]);
	});

	test('that does not verify is told by a look what was read, and downloads nothing', async () => {
		const parameters = { downloadVideo: true, simplify: false, options: { verifyTask: false } };
		n8n.trigger = { account: 'a', parameters };
		n8n.execute(n8n.start(), createForTrigger([{ endsAfter: 5 * SECOND }]));
		await clock.advance(5 * MINUTE);
		expect(n8n.started).toMatchObject([
			{ json: { id: ONE, status: 'completed', downloadError: expect.any(String) } },
		]);
		expect(n8n.started[0]?.json).not.toHaveProperty('from');
		expect(n8n.files).toBe(0);
	});

	test('asks no sooner than the API wants it, whichever task is reported', async () => {
		n8n.trigger = { account: 'a', parameters: {} };
		n8n.start();
		const [one, other] = [finished(), finished()];
		const { faults } = n8n.api.account('a');
		faults.push({ from: 0, until: clock.now + SECOND, kind: 'limited', retryAfter: 60 });
		expect(await post(TRIGGER_URL, bodyOf(one.id))).toBe('unread');
		await clock.advance(10 * SECOND);
		expect(await post(TRIGGER_URL, bodyOf(other.id))).toBe('unread');
		expect(n8n.api.readings).toHaveLength(1);
		await clock.advance(2 * MINUTE);
		expect(n8n.started).toHaveLength(2);
	});

	test('that does not verify passes on no key and no resume address', async () => {
		n8n.trigger = { account: 'a', parameters: { options: { verifyTask: false } } };
		n8n.start();
		const message =
			'refused for sk-secret-key at https://n8n.example/webhook-waiting/7?signature=a';
		const error = { code: 'upstream_error', message };
		await post(TRIGGER_URL, JSON.stringify({ id: ONE, status: 'failed', error }));
		const shown = 'refused for sk-… at https://n8n.example/…';
		expect(n8n.started).toMatchObject([{ json: { failure: { message: shown } } }]);
	});

	test('is told by a look although the trigger of another workflow has heard of the task', async () => {
		n8n.trigger = { account: 'a', parameters: { events: ['failed'] } };
		n8n.execute(n8n.start(), createForTrigger([{ endsAfter: 5 * SECOND }]));
		await clock.advance(10 * SECOND);
		expect(await post('/webhook/kling/w2', bodyOf(ONE))).toBe('unwanted');
		n8n.trigger = { account: 'a', parameters: {} };
		await clock.advance(5 * MINUTE);
		expect(n8n.started).toMatchObject([{ json: { taskId: ONE, status: 'completed' } }]);
	});
});
