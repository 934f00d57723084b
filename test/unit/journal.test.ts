import type { IDataObject } from 'n8n-workflow';
import fc from 'fast-check';

import type { ApiClient } from '../../nodes/Kling/api/client';
import type { ApiFailure } from '../../nodes/Kling/api/failure';
import { Task } from '../../nodes/Kling/api/task';
import { forgetRuns } from '../../nodes/Kling/creating/entries';
import { Journal, type JournalLog, type RunIdentity } from '../../nodes/Kling/creating/journal';
import { CancelledError } from '../../nodes/Kling/n8n/async';
import {
	completedTask,
	failedTask,
	failure,
	fakeClient,
	rawTask,
	requestFor,
	SUMMARY,
	taskIdOf,
	toReading,
} from '../harness/node/builders';

const PRICE = 110;
/** How a request ends: what the API did with it, and what the node learns of that. */
const ENDINGS = [
	'created',
	'refused',
	'unclear, created',
	'unclear, not created',
	'cancelled',
] as const;
type Ending = (typeof ENDINGS)[number];

interface Asked {
	prompt: string;
	ending: Ending;
}

/** The account: what each item was charged for, by the id of its task. */
class Api {
	readonly charges: Array<{ item: number; taskId: string }> = [];
	sent = 0;

	/** What each task is when it is read. */
	read: ApiClient['getTask'] = async (id) => await Promise.resolve(toReading(rawTask({ id })));

	/** @param onStep called when a request was sent, and once more when it was carried out */
	constructor(private readonly onStep: () => void = () => {}) {}

	clientFor(item: number, ending: Ending): ApiClient {
		return fakeClient({
			create: async () => await this.create(item, ending),
			getTask: async (id) => await this.read(id),
		});
	}

	private async create(item: number, ending: Ending): Promise<string | ApiFailure> {
		this.sent += 1;
		this.onStep();
		await Promise.resolve();
		if (ending === 'cancelled') throw new CancelledError();
		if (ending === 'refused') return failure();
		const taskId = taskIdOf(this.charges.length);
		if (ending !== 'unclear, not created') this.charges.push({ item, taskId });
		this.onStep();
		return ending === 'created' ? taskId : failure({ status: 500 });
	}

	chargesOf(item: number): number {
		return this.charges.filter((charge) => charge.item === item).length;
	}
}

const QUIET: JournalLog = () => {};

/**
 * The journal of one try, of the first execution unless told. This process remembers nothing of the
 * tries before unless told.
 */
function open(store: IDataObject, run: Partial<RunIdentity> = {}, log = QUIET): Journal {
	if (run.isRemembered === undefined) forgetRuns();
	const identity = {
		executionId: '1',
		node: 'Create',
		runIndex: 0,
		writtenOf: () => 'as it was',
		isRemembered: true,
	};
	return new Journal(store, { ...identity, ...run }, log);
}

/** Another execution that retries one, with what n8n has stored of it. */
const RETRY = { executionId: '2' };
const EDITED = { executionId: '2', writtenOf: () => 'something else' };

/** One item of a try. Undefined: nobody knows a task. */
async function ask(
	journal: Journal,
	api: Api,
	item: number,
	{ prompt, ending }: Asked,
): Promise<string | undefined> {
	const outcome = await journal
		.create(item, requestFor(prompt), api.clientFor(item, ending))
		.catch((thrown: unknown) => {
			if (thrown instanceof CancelledError) return undefined;
			throw thrown;
		});
	return outcome instanceof Task ? outcome.id : undefined;
}

const CAT = { prompt: 'A cat', ending: 'created' } as const;
const DOG = { ...CAT, prompt: 'A dog' };

const idsOf = (journal: Journal) => journal.paid().flatMap(({ taskId }) => taskId ?? []);
const standsOf = (journal: Journal) =>
	journal.paid().map(({ item, taskId }) => journal.taskIdOf(item) === taskId);
const spentBy = (journal: Journal) =>
	journal.paid().reduce((sum, { summary }) => sum + summary.estimatedCredits, 0);

const anyItem = fc.record({
	prompt: fc.constantFrom('A cat', 'A dog', 'A bird'),
	ending: fc.constantFrom(...ENDINGS),
});

/** What n8n stores of the execution of a test, and the account that it has. */
let store: IDataObject;
let api: Api;
beforeEach(() => {
	forgetRuns();
	store = {};
	api = new Api();
});

const tries = (items: number) =>
	fc.array(fc.tuple(...Array.from({ length: items }, () => anyItem)), {
		minLength: 1,
		maxLength: 5,
	});

describe('within one execution and one run', () => {
	test('no item is paid twice, whatever the tries ask for and however they end', async () => {
		await fc.assert(
			fc.asyncProperty(tries(4), async (all) => {
				const store: IDataObject = {};
				const api = new Api();
				const first = new Map<number, string>();
				for (const items of all) {
					const journal = open(store);
					const ids = await Promise.all(
						items.map(async (item, index) => await ask(journal, api, index, item)),
					);
					for (const [index, id] of ids.entries()) {
						if (id === undefined) continue;
						expect(id).toBe(first.get(index) ?? id);
						first.set(index, id);
					}
				}
				for (const index of [0, 1, 2, 3]) expect(api.chargesOf(index)).toBeLessThanOrEqual(1);
				const journal = open(store);
				expect(idsOf(journal).sort()).toEqual([...first.values()].sort());
				expect(spentBy(journal)).toBeGreaterThanOrEqual(PRICE * api.charges.length);
			}),
			{ numRuns: 300 },
		);
	});

	test('a request whose outcome is unclear is sent once, and counts as spent', async () => {
		for (const prompt of ['A cat', 'A dog', 'A cat']) {
			await ask(open(store), api, 0, { prompt, ending: 'unclear, not created' });
		}
		expect(api.sent).toBe(1);
		expect(spentBy(open(store))).toBe(PRICE);
	});

	test('a fault that nobody foresaw counts as unclear', async () => {
		const broken = fakeClient({
			create: async () => await Promise.reject<string>(new TypeError('bug')),
		});
		const sending = open(store).create(0, requestFor('A cat'), broken);
		await expect(sending).rejects.toThrow('bug');
		expect(await ask(open(store), api, 0, CAT)).toBeUndefined();
		expect(api.sent).toBe(0);
	});

	test('what was refused or never sent stands for nothing', async () => {
		for (const ending of ['refused', 'cancelled'] as const) {
			await ask(open(store), api, 0, { ...CAT, ending });
			expect(open(store).find(0, null)).toBeNull();
			expect(spentBy(open(store))).toBe(0);
		}
	});

	test('a task whose credits were given back stands for nothing, and the next try makes another', async () => {
		const failed = await ask(open(store), api, 0, CAT);
		open(store).refund([failed ?? '']);
		expect(spentBy(open(store))).toBe(0);
		const id = await ask(open(store), api, 0, CAT);
		expect(id).not.toBe(failed);
		expect(idsOf(open(store))).toEqual([id]);
	});

	test('a loop’s next turn creates anew', async () => {
		for (const runIndex of [0, 1, 1, 2]) await ask(open(store, { runIndex }), api, 0, CAT);
		expect(api.charges).toHaveLength(3);
	});
});

describe('Retry execution, on whatever n8n had stored', () => {
	test('sends nothing for what stands there, and pays for no item twice', async () => {
		await fc.assert(
			fc.asyncProperty(
				tries(3),
				tries(3),
				fc.nat(),
				fc.boolean(),
				async (before, after, moment, isEdited) => {
					const store: IDataObject = {};
					// n8n may store, and its process may end, between any two steps.
					const stored = ['{}'];
					const api = new Api(() => stored.push(JSON.stringify(store)));
					for (const items of before) {
						const journal = open(store);
						for (const [index, item] of items.entries()) {
							await ask(journal, api, index, item);
							stored.push(JSON.stringify(store));
						}
					}

					const snapshot = stored[moment % stored.length] ?? '{}';
					const run = isEdited ? EDITED : RETRY;
					const paidBefore = [0, 1, 2].map((index) => api.chargesOf(index));
					const stands = [0, 1, 2].map((index) => {
						const probe = open(parse(snapshot), run);
						const { fingerprint } = requestFor(after[0]?.[index]?.prompt ?? '');
						return probe.find(index, fingerprint) !== null;
					});
					const retried = parse(snapshot);
					for (const items of after) {
						const journal = open(retried, run);
						for (const [index, item] of items.entries()) await ask(journal, api, index, item);
					}
					for (const index of [0, 1, 2]) {
						const more = api.chargesOf(index) - (paidBefore[index] ?? 0);
						expect(more).toBeLessThanOrEqual(stands[index] === true ? 0 : 1);
					}
					// What was stored as created is never forgotten, not even where it was replaced.
					expect(idsOf(open(retried, run))).toEqual(
						expect.arrayContaining(idsOf(open(parse(snapshot)))),
					);
				},
			),
			{ numRuns: 300 },
		);
	});

	/** What n8n has stored of an execution with this one item. */
	async function storedAfter(asked: Asked): Promise<IDataObject> {
		store = {};
		await ask(open(store), api, 0, asked);
		return parse(JSON.stringify(store));
	}

	test('of a node that was not edited takes the item’s task, whatever its expressions give now', async () => {
		store = await storedAfter(CAT);
		expect(await ask(open(store, RETRY), api, 0, DOG)).toBe(taskIdOf(0));
		expect(api.sent).toBe(1);
	});

	test('of an edited node takes it where the request is the same, and pays for another where it is not', async () => {
		store = await storedAfter(CAT);
		expect(await ask(open(store, EDITED), api, 0, CAT)).toBe(taskIdOf(0));
		const changed = await storedAfter(CAT);
		expect(await ask(open(changed, EDITED), api, 0, DOG)).toBe(taskIdOf(2));
	});

	test.each([
		['not edited', RETRY],
		['edited, with the same request', EDITED],
	])('never sends again what was unclear, of a node that was %s', async (_, run) => {
		store = await storedAfter({ ...CAT, ending: 'unclear, created' });
		const journal = open(store, run);
		const client = api.clientFor(0, 'created');
		const outcome = await journal.create(0, requestFor('A cat'), client);
		expect(outcome).toMatchObject({ detail: { kind: 'earlier', outcome: 'unclear' } });
		expect(api.sent).toBe(1);
		expect(spentBy(journal)).toBe(PRICE);
	});

	test('takes a task for good: its request may change at the next try', async () => {
		store = await storedAfter(CAT);
		await ask(open(store, EDITED), api, 0, CAT);
		expect(await ask(open(store, EDITED), api, 0, DOG)).toBe(taskIdOf(0));
		expect(api.charges).toHaveLength(1);
	});

	test('counts a replaced task as spent, and names it', async () => {
		const journal = open(await storedAfter(CAT), EDITED);
		await ask(journal, api, 0, DOG);
		expect(idsOf(journal)).toEqual([taskIdOf(0), taskIdOf(1)]);
		expect(standsOf(journal)).toEqual([false, true]);
		expect(journal.taskIdOf(0)).toBe(taskIdOf(1));
		expect(spentBy(journal)).toBe(2 * PRICE);
	});

	test.each(['created', 'refused', 'cancelled'] as const)(
		'of a node that was edited back takes its task again, as another was %s meanwhile',
		async (ending) => {
			store = await storedAfter(CAT);
			await ask(open(store, EDITED), api, 0, { ...DOG, ending });
			const editedBack = parse(JSON.stringify(store));
			const run = { ...RETRY, executionId: '3' };
			expect(await ask(open(editedBack, run), api, 0, CAT)).toBe(taskIdOf(0));
			expect(open(editedBack, run).taskIdOf(0)).toBe(taskIdOf(0));
			expect(api.sent).toBe(2);
		},
	);

	test('knows that a task of the execution before does not call this one', async () => {
		store = await storedAfter(CAT);
		const journal = open(store, RETRY);
		const client = api.clientFor(0, 'created');
		const task = await journal.create(0, requestFor('A cat'), client);
		expect(task).toMatchObject({ id: taskIdOf(0), createdAt: null, request: SUMMARY });
	});
});

test('a journal that nothing was written to stores only where the chain of retries has begun', () => {
	const journal = open(store);
	expect(journal.find(0, requestFor('A cat').fingerprint)).toBeNull();
	expect(store).toEqual({ klingExecution: '1' });
	open(store, RETRY);
	expect(store).toEqual({ klingExecution: '1' });
});

describe('as a tool of an AI Agent', () => {
	/** Each call has a run index of its own (n8n), and a journal of its own. */
	let calls = 0;
	const call = async (store: IDataObject, api: Api, asked: Asked, executionId = '1') =>
		await ask(open(store, { executionId, runIndex: calls++, node: null }), api, 0, asked);

	test('equal requests are one video, however many ask and however the calls end', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyItem, { maxLength: 8 }), async (asked) => {
				const store: IDataObject = {};
				const api = new Api();
				const standing = new Map<string, string | undefined>();
				for (const one of asked) {
					const before = api.sent;
					const id = await call(store, api, one);
					if (standing.has(one.prompt)) {
						expect(id).toBe(standing.get(one.prompt));
						expect(api.sent).toBe(before);
					} else if (id !== undefined || one.ending.startsWith('unclear')) {
						standing.set(one.prompt, id);
					}
				}
			}),
			{ numRuns: 300 },
		);
	});

	test('calls that run at the same time share one, and the later one says so', async () => {
		const [first, second] = await Promise.all(
			[0, 1].map(async (runIndex) => {
				const journal = open(store, { runIndex, node: null, isRemembered: true });
				const client = api.clientFor(0, 'created');
				return await journal.create(0, requestFor('A cat'), client);
			}),
		);
		expect(api.sent).toBe(1);
		expect(first).toMatchObject({ id: taskIdOf(0), note: null });
		expect(second).toMatchObject({
			id: taskIdOf(0),
			note: expect.stringContaining('Change the prompt'),
		});
	});

	test('calls that waited for one that was refused make one video together', async () => {
		const endings: Ending[] = ['refused', 'created', 'created'];
		const [first, second, third] = await Promise.all(
			endings.map(async (ending, runIndex) => {
				const journal = open(store, { runIndex, node: null, isRemembered: true });
				const client = api.clientFor(runIndex, ending);
				const made = await journal.create(0, requestFor('A cat'), client);
				return { made, spent: spentBy(journal) };
			}),
		);
		expect(api.sent).toBe(2);
		expect(first).toMatchObject({ made: { detail: { outcome: 'refused' } }, spent: 0 });
		expect(second).toMatchObject({ made: { id: taskIdOf(0), note: null }, spent: PRICE });
		expect(third).toMatchObject({ made: { id: taskIdOf(0) }, spent: PRICE });
	});

	test.each([
		['a video that has failed stands for nothing: who asks again gets another', failedTask, 1],
		['one that completed without an address stands: it is paid for', completedTask, 0],
	])('%s', async (_, raw, standing) => {
		await call(store, api, CAT);
		api.read = async (id) => await Promise.resolve(toReading(raw({ id, output: null })));
		expect(await call(store, api, CAT)).toBe(taskIdOf(standing));
	});

	test('Retry execution goes on with each of them', async () => {
		const id = await call(store, api, CAT);
		await call(store, api, { ...DOG, ending: 'unclear, created' });
		const retried = parse(JSON.stringify(store));
		expect(await call(retried, api, CAT, '2')).toBe(id);
		expect(await call(retried, api, DOG, '2')).toBeUndefined();
		expect(api.sent).toBe(2);
	});

	test('counts for a call what that call stands for, and nothing of others', async () => {
		await call(store, api, CAT);
		const journal = open(store, { runIndex: calls++, node: null });
		await ask(journal, api, 0, DOG);
		expect([idsOf(journal), spentBy(journal)]).toEqual([[taskIdOf(1)], PRICE]);
	});
});

test('the log is told each id at the moment it is known, and each request that is unclear', async () => {
	const lines: string[] = [];
	const log: JournalLog = (level, text, item) => void lines.push(`${level} ${item}: ${text}`);
	const journal = open(store, {}, log);
	await ask(journal, api, 2, CAT);
	await ask(journal, api, 0, { ...CAT, ending: 'unclear, created' });
	await ask(journal, api, 1, { ...CAT, ending: 'refused' });
	expect(lines).toEqual([
		`info 2: Kling video created: task ${taskIdOf(0)}`,
		'warn 0: Kling video may have been created and charged, without an answer',
	]);
});

describe('two retries of the same execution, in this process', () => {
	const isRemembered = true;

	/** What n8n has stored of an execution whose second item, or whose only one, was refused. */
	async function stored(first: Ending = 'created'): Promise<string> {
		const journal = open(store, { isRemembered });
		await ask(journal, api, 0, { ...CAT, ending: first });
		await ask(journal, api, 1, { ...DOG, ending: 'refused' });
		return JSON.stringify(store);
	}

	const retry = (json: string, executionId: string, changes: Partial<RunIdentity> = {}) =>
		open(parse(json), { isRemembered, executionId, ...changes });

	test.each<[string, Ending]>([
		['of which one item was paid', 'created'],
		['of which nothing was paid', 'refused'],
	])('pay once for what is missing, one after the other (an execution %s)', async (_, first) => {
		const json = await stored(first);
		for (const executionId of ['2', '3']) {
			const journal = retry(json, executionId);
			await ask(journal, api, 0, CAT);
			expect(await ask(journal, api, 1, DOG)).toBe(taskIdOf(1));
		}
		expect(api.charges).toHaveLength(2);
	});

	test('pay once at the same moment too, and the later one sends what the other was refused', async () => {
		const json = await stored();
		const [one, other] = [retry(json, '2'), retry(json, '3')];
		const made = [ask(one, api, 1, DOG), ask(other, api, 1, DOG)];
		expect(await Promise.all(made)).toEqual([taskIdOf(1), taskIdOf(1)]);
		const refused = ask(one, api, 2, { ...DOG, ending: 'refused' });
		const sent = ask(other, api, 2, DOG);
		expect(await Promise.all([refused, sent])).toEqual([undefined, taskIdOf(2)]);
		expect(api.charges).toHaveLength(3);
		expect(idsOf(other)).toEqual([taskIdOf(0), taskIdOf(1), taskIdOf(2)]);
	});

	test('know what a retry of a retry has made', async () => {
		const json = await stored();
		const first = parse(json);
		await ask(open(first, { isRemembered, executionId: '2' }), api, 1, {
			...DOG,
			ending: 'refused',
		});
		await ask(retry(JSON.stringify(first), '3'), api, 1, DOG);
		expect(await ask(retry(json, '4'), api, 1, DOG)).toBe(taskIdOf(1));
		expect(api.charges).toHaveLength(2);
	});

	test('know of a task whose credits were given back, and take the one that was made since', async () => {
		const json = await stored();
		const one = retry(json, '2');
		await ask(one, api, 0, CAT);
		one.refund([taskIdOf(0)]);
		for (const executionId of ['3', '4']) {
			expect(await ask(retry(json, executionId), api, 0, CAT)).toBe(taskIdOf(1));
		}
	});

	test('a node that was edited meanwhile goes on with the same request', async () => {
		const json = await stored();
		await ask(retry(json, '2', { writtenOf: () => 'something else' }), api, 0, DOG);
		const edited = retry(json, '3', { writtenOf: () => 'another thing' });
		expect(await ask(edited, api, 0, DOG)).toBe(taskIdOf(1));
		expect(standsOf(edited)).toEqual([false, true]);
		expect(api.charges).toHaveLength(2);
	});

	test('each go on with the task that they took, whatever they ask for next', async () => {
		const json = await stored();
		const edited = (executionId: string) => retry(json, executionId, { writtenOf: () => 'other' });
		for (const executionId of ['2', '3']) await ask(edited(executionId), api, 0, CAT);
		expect(await ask(edited('2'), api, 0, DOG)).toBe(taskIdOf(0));
	});

	test('a node that was edited meanwhile makes its own', async () => {
		const json = await stored();
		await ask(retry(json, '2'), api, 1, DOG);
		await ask(retry(json, '3', { writtenOf: () => 'something else' }), api, 1, CAT);
		expect(api.charges).toHaveLength(3);
	});

	test('a tool that is asked for the same once more goes on with the other’s video', async () => {
		const json = await stored();
		for (const executionId of ['2', '3']) {
			await ask(retry(json, executionId, { node: null }), api, 0, { ...CAT, prompt: 'A bird' });
		}
		expect(api.charges).toHaveLength(2);
	});
});

function parse(json: string): IDataObject {
	const value: unknown = JSON.parse(json);
	if (typeof value !== 'object' || value === null) throw new Error('No object');
	return { ...value };
}

test('of an execution that n8n cannot have begun before, nothing is remembered', async () => {
	const run = { isRemembered: false };
	await ask(open(store, run), api, 0, CAT);
	await ask(open({}, run), api, 0, CAT);
	expect(api.sent).toBe(2);
});

test('each turn of a loop is remembered by itself, for an execution that goes on from an old state', async () => {
	const turn = async (state: IDataObject, runIndex: number) => {
		const journal = open(state, { runIndex, isRemembered: true });
		return await ask(journal, api, 0, { prompt: `Turn ${runIndex}`, ending: 'created' });
	};
	const made = [await turn(store, 0), await turn(store, 1), await turn(store, 2)];
	const old: IDataObject = {};
	expect([await turn(old, 0), await turn(old, 1), await turn(old, 2)]).toEqual(made);
	expect(api.sent).toBe(3);
});
