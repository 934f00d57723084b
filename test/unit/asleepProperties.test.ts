import fc from 'fast-check';

import type { FakeTask, FaultKind, Plan } from '../harness/inMemory/api';
import { useClock } from '../harness/inMemory/clock';
import { type Execution, N8n, type Output } from '../harness/inMemory/n8n';
import type { N8nProcess } from '../harness/inMemory/process';

/**
 * Any order of callbacks, looks, faults, key changes and restarts. The judges know what the API says and
 * what n8n was given, and nothing of the package.
 */

const clock = useClock();

const RUNS = Number(process.env['ASLEEP_RUNS'] ?? 15);

/** The same scenarios each time, so that no run is red by chance; ASLEEP_SEED looks for others. */
const SEED = Number(process.env['ASLEEP_SEED'] ?? 1);

/** What runs of a property have in common; one that fails is not made smaller, which takes minutes. */
const OPTIONS = { numRuns: RUNS, seed: SEED, endOnFailure: true };
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const LONGEST_TIMEOUT = 4 * MINUTE;

/** When nothing can be under way any more: two sleeps, each with n8n's timer and files, and the longest memory. */
const THE_END = 75 * MINUTE;

type Account = 'a' | 'b';

const upTo = (max: number) => fc.integer({ min: 0, max });

const plan: fc.Arbitrary<Plan> = fc.record({
	endsAfter: fc.oneof(upTo(LONGEST_TIMEOUT + MINUTE), fc.constant(null)),
	isFailed: fc.boolean(),
	callbacks: fc.array(upTo(2 * MINUTE), { maxLength: 3 }),
	hiddenFor: fc.constantFrom(0, 0, 30 * SECOND),
});

const KINDS: FaultKind[] = ['500', '401', 'limited', 'page 403', 'page 404', 'redirect', 'hangs'];

const fault = fc.record({
	account: fc.constantFrom<Account>('a', 'b'),
	from: upTo(5 * MINUTE),
	lasts: upTo(3 * MINUTE),
	kind: fc.constantFrom(...KINDS),
	retryAfter: fc.option(fc.integer({ min: 1, max: 90 }), { nil: undefined }),
});

const execution = fc.record({
	account: fc.constantFrom<Account>('a', 'b'),
	at: upTo(MINUTE),
	timeout: fc.integer({ min: 1, max: LONGEST_TIMEOUT / MINUTE }),
	downloads: fc.boolean(),
	/** For each item, what becomes of its task in the first step and in the second. */
	items: fc.array(fc.tuple(plan, plan), { minLength: 1, maxLength: 3 }),
	steps: fc.constantFrom([0], [0, 1]),
});

const scenario = fc.record({
	executions: fc.array(execution, { minLength: 1, maxLength: 4 }),
	faults: fc.array(fault, { maxLength: 4 }),
	restarts: fc.array(fc.record({ at: upTo(8 * MINUTE), slot: upTo(1) }), { maxLength: 2 }),
	rotations: fc.array(
		fc.record({
			account: fc.constantFrom<Account>('a', 'b'),
			at: upTo(5 * MINUTE),
			late: upTo(MINUTE),
		}),
		{ maxLength: 2 },
	),
	fileMs: upTo(5 * MINUTE),
	/** Which of the two processes takes each call from outside. */
	door: fc.array(upTo(1), { minLength: 1, maxLength: 8 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

interface Played {
	n8n: N8n;
	/** When anything went wrong with an account: the faults and the times of another key. */
	troubles: Array<{ account: string; from: number; until: number }>;
}

async function play({
	executions,
	faults,
	restarts,
	rotations,
	fileMs,
	door,
}: Scenario): Promise<Played> {
	clock.reset();
	const start = clock.now;
	const n8n = new N8n(clock);
	n8n.fileMs = fileMs;
	const slots: [N8nProcess, N8nProcess] = [n8n.start(), n8n.start()];
	let calls = 0;
	n8n.door = () => slots[door[calls++ % door.length] ?? 0] ?? null;
	for (const [number, { account, at, timeout, downloads, items, steps }] of executions.entries()) {
		const parameters = {
			operation: 'createAndWait',
			imageUrls: 'https://example.com/cat.jpg',
			timeout,
			downloadVideo: downloads,
			options: { downloadVideo: downloads },
		};
		const named = steps.map((step) => ({
			parameters,
			account,
			onError: 'continueRegularOutput',
			plans: items.map((plans, item) => ({ ...plans[step], name: `${number}/${step}/${item}` })),
		}));
		clock.at(start + at, () => void n8n.execute(slots[number % 2] ?? slots[0], ...named));
	}
	const troubles: Played['troubles'] = [];
	for (const { account, from, lasts, ...one } of faults) {
		const span = { from: start + from, until: start + from + lasts };
		n8n.api.account(account).faults.push({ ...one, ...span });
		// What asks for a pause gets one.
		const pauseMs = (one.retryAfter ?? 0) * 1.2 * SECOND;
		troubles.push({ account, ...span, until: span.until + pauseMs });
	}
	for (const [number, { account, at, late }] of rotations.entries()) {
		const known = n8n.api.account(account);
		clock.at(start + at, () => {
			const { key: apiKey, baseUrl } = known;
			n8n.credentials.set(account, { apiKey, baseUrl });
			known.key = `sk-${account}-${number + 2}`;
			clock.at(clock.now + late, () => void n8n.credentials.delete(account));
		});
		troubles.push({ account, from: start + at, until: start + at + late });
	}
	for (const { at, slot } of restarts) {
		clock.at(start + at, () => {
			n8n.kill(slots[slot === 0 ? 0 : 1]);
			slots[slot === 0 ? 0 : 1] = n8n.start();
		});
	}
	await clock.advance(THE_END);
	return { n8n, troubles };
}

/** The tasks of a step's items; undefined for an item whose create was refused. */
function tasksOf({ api }: N8n, { steps }: Execution, step: number): Array<FakeTask | undefined> {
	const all = [...api.tasks.values()];
	const plans = steps[step]?.plans ?? [];
	return plans.map(({ name }) => all.find((task) => task.plan.name === name));
}

/** Each item comes out once, in its place, with what the API said of it then. */
function judgeOutput({ n8n, troubles }: Played, one: Execution, output: Output): void {
	const { step, at, items, byTimer } = output;
	const slept = one.sleeps.find((sleep) => sleep.step === step);
	const tasks = tasksOf(n8n, one, step);
	expect(items).toHaveLength(tasks.length);
	for (const [item, task] of tasks.entries()) {
		const json = items[item]?.json ?? {};
		if (task === undefined) {
			expect(json).toMatchObject({ error: expect.any(String) });
			continue;
		}
		expect(json['taskId']).toBe(task.id);
		// n8n leaves the timer of a wait that was over earlier armed; it may end the next one.
		if (byTimer && one.sleeps.some((sleep) => sleep.step < step && sleep.timerAt === at)) continue;
		const isOver = json['timedOut'] === false;
		if (isOver) expect(json['status']).toBe(task.plan.isFailed ? 'failed' : 'completed');
		if (isOver) expect(at).toBeGreaterThanOrEqual(task.endsAt);
		if (isOver || slept === undefined) continue;
		// It may be called open only where it was, or where nobody could know better.
		const { timeoutAt, by } = slept;
		expect(at).toBeGreaterThanOrEqual(timeoutAt);
		const couldBeRead = !troubles.some(
			({ account, from, until }) =>
				account === task.account && from <= at + 60_000 && until >= timeoutAt - 60_000,
		);
		if (byTimer) expect(by.isAlive && couldBeRead).toBe(false);
		else if (couldBeRead) expect(task.endsAt).toBeGreaterThan(timeoutAt);
		const mayTake = 15 * SECOND + n8n.fileMs * tasks.length;
		if (couldBeRead && by.isAlive) expect(at - timeoutAt).toBeLessThanOrEqual(mayTake);
	}
}

function judge(played: Played): void {
	const { n8n } = played;
	for (const one of n8n.executions) {
		// Nothing runs twice: it would pay twice.
		expect(one.ran).toEqual(one.ran.map((_, index) => index));
		expect(['success', 'crashed']).toContain(one.status);
		if (one.status === 'success') expect(one.outputs).toHaveLength(one.steps.length);
		for (const output of one.outputs) judgeOutput(played, one, output);
	}
	const names = [...n8n.api.tasks.values()].map(({ plan: { name } }) => name);
	expect(new Set(names).size).toBe(names.length);
	judgeReadings(n8n);
	for (const process of n8n.processes) {
		if (process.isAlive) expect(process.left()).toEqual([]);
		process.end();
	}
}

/** Nobody asks for what it was told is over, and whoever calls back is answered in time. */
function judgeReadings({ api }: N8n): void {
	const over = new Map<unknown, Map<string, number>>();
	for (const { by, taskId, answeredAt, status } of api.readings) {
		if (status !== 'completed' && status !== 'failed') continue;
		const known = over.get(by) ?? new Map<string, number>();
		over.set(by, known.set(taskId, Math.min(known.get(taskId) ?? Infinity, answeredAt)));
	}
	for (const { by, taskId, askedAt } of api.readings) {
		expect(askedAt).toBeLessThanOrEqual(over.get(by)?.get(taskId) ?? Infinity);
	}
	for (const { tookMs, status } of api.callbacks) {
		if (status !== null) expect(tookMs).toBeLessThanOrEqual(10 * SECOND);
	}
}

test('executions that sleep come out once, with what the API says, and leave nothing behind', async () => {
	await fc.assert(
		fc.asyncProperty(scenario, async (one) => judge(await play(one))),
		OPTIONS,
	);
});

test('an account that is well is never later than alone, whatever the others do', async () => {
	const fine = execution.map((one) => ({ ...one, account: 'b' as const }));
	const sick = execution.map((one) => ({ ...one, account: 'a' as const }));
	const trouble = fault.map((one) => ({ ...one, account: 'a' as const }));
	await fc.assert(
		fc.asyncProperty(
			fc.array(fine, { minLength: 1, maxLength: 2 }),
			fc.array(sick, { minLength: 1, maxLength: 12 }),
			fc.array(trouble, { minLength: 1, maxLength: 4 }),
			async (healthy, others, faults) => {
				const rest = { faults, restarts: [], rotations: [], fileMs: 0, door: [0] };
				const alone = await play({ ...rest, executions: healthy });
				for (const process of alone.n8n.processes) process.end();
				const together = await play({ ...rest, executions: [...healthy, ...others] });
				for (const process of together.n8n.processes) process.end();
				const endsOf = ({ n8n }: Played) => {
					const mine = n8n.executions.filter(({ steps }) => steps[0]?.account === 'b');
					return mine.flatMap(({ outputs }) => outputs.map(({ at }) => at));
				};
				const ends = endsOf(together);
				expect(ends).toHaveLength(endsOf(alone).length);
				// The list of due work is looked at once a second; a step begins where the former ended.
				for (const [index, end] of endsOf(alone).entries()) {
					expect((ends[index] ?? Infinity) - end).toBeLessThanOrEqual(3 * SECOND);
				}
			},
		),
		OPTIONS,
	);
});

test('a trigger starts once for each task, by callback or by look', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(plan, { minLength: 1, maxLength: 5 }),
			fc.array(fault, { maxLength: 3 }),
			fc.option(upTo(8 * MINUTE), { nil: null }),
			fc.boolean(),
			async (plans, faults, restartAt, downloadVideo) => {
				clock.reset();
				const start = clock.now;
				const n8n = new N8n(clock);
				n8n.trigger = { account: 'a', parameters: { downloadVideo, options: { downloadVideo } } };
				n8n.fileMs = 40 * SECOND;
				const main = n8n.start();
				const parameters = {
					operation: 'create',
					callback: 'trigger',
					imageUrls: 'https://a.example/b',
				};
				n8n.execute(main, { parameters, account: 'a', plans });
				for (const { account, from, lasts, ...one } of faults) {
					const span = { from: start + from, until: start + from + lasts };
					n8n.api.account(account).faults.push({ ...one, ...span });
				}
				if (restartAt !== null) {
					clock.at(start + restartAt, () => {
						n8n.kill(main);
						n8n.start();
					});
				}
				await clock.advance(60 * MINUTE);
				for (const process of n8n.processes) process.end();
				const started = n8n.started.map(({ json }) => json['taskId']);
				expect(new Set(started).size).toBe(started.length);
				if (restartAt !== null) return;
				const ended = [...n8n.api.tasks.values()].filter(({ endsAt }) => endsAt < Infinity);
				expect(started.sort()).toEqual(ended.map(({ id }) => id).sort());
			},
		),
		OPTIONS,
	);
});
