import type { IDataObject } from 'n8n-workflow';
import fc from 'fast-check';

import { ApiFailure } from '../../nodes/Kling/api/failure';
import type { Journal, JournalRequest } from '../../nodes/Kling/creating/journal';
import { openJournal } from '../../nodes/Kling/creating/journal';
import { CancelledError } from '../../nodes/Kling/n8n/async';
import { failure, taskIdOf } from '../harness/node/builders';

const PRICE = 110;

function requestFor(prompt: string): JournalRequest {
	return {
		input: { prompt, image_urls: ['https://example.com/cat.jpg'], duration: 5, sound: false },
		imageIdentities: ['https://example.com/cat.jpg'],
		estimatedCredits: PRICE,
		callback: 'none',
		callbackUrl: null,
	};
}

/** How a request ends: what the API did with it, and what the node learns of that. */
type Ending = 'created' | 'refused' | 'unclear, created' | 'unclear, not created' | 'cancelled';

const ENDINGS: readonly Ending[] = [
	'created',
	'refused',
	'unclear, created',
	'unclear, not created',
	'cancelled',
];

/** The account: what each item was charged for, by the id of its task. */
class Api {
	readonly charges: Array<{ item: number; taskId: string }> = [];

	/** Called when a request was sent, and once more when it was carried out. */
	constructor(private readonly onStep: () => void = () => {}) {}

	async create(item: number, ending: Ending): Promise<string> {
		this.onStep();
		await Promise.resolve();
		if (ending === 'cancelled') throw new CancelledError();
		if (ending === 'refused') throw failure();
		const taskId = taskIdOf(this.charges.length);
		if (ending !== 'unclear, not created') this.charges.push({ item, taskId });
		this.onStep();
		if (ending !== 'created') throw failure({ outcome: 'unclear' });
		return taskId;
	}

	chargesOf(item: number): number {
		return this.charges.filter((charge) => charge.item === item).length;
	}
}

interface Try {
	/** By item: what its expressions give this time, and how its request would end. */
	items: Array<{ prompt: string; ending: Ending }>;
}

const QUIET = { created: () => {}, unclear: () => {} };

const runOf = (executionId: string, runIndex = 0) => ({ executionId, runIndex, isTool: false });

/** One item of a try, in the steps that preparing and sending take. Undefined: there is no task. */
async function tryItem(
	journal: Journal,
	api: Api,
	item: number,
	{ prompt, ending }: Try['items'][number],
): Promise<string | undefined> {
	const request = requestFor(prompt);
	const earlier = journal.standing(item) ?? journal.takeOver(item, request);
	if (earlier !== null) return earlier.kind === 'created' ? earlier.task.taskId : undefined;
	const sent = await journal
		.create(item, request, async () => await api.create(item, ending))
		.catch((thrown: unknown) => {
			if (thrown instanceof CancelledError) return undefined;
			throw thrown;
		});
	return sent instanceof ApiFailure ? undefined : sent;
}

/** Every task that the journal knows. */
function allIds(journal: Journal): string[] {
	const { taskIds, replacedIds } = journal.created();
	return [...taskIds, ...replacedIds];
}

const anyItem = fc.record({
	prompt: fc.constantFrom('A cat', 'A dog', 'A bird'),
	ending: fc.constantFrom(...ENDINGS),
});

const tries = (items: number) =>
	fc.array(fc.record({ items: fc.tuple(...Array.from({ length: items }, () => anyItem)) }), {
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
				for (const { items } of all) {
					const journal = openJournal(store, runOf('1'), QUIET);
					const ids = await Promise.all(
						items.map(async (item, index) => await tryItem(journal, api, index, item)),
					);
					for (const [index, id] of ids.entries()) {
						if (id === undefined) continue;
						expect(id).toBe(first.get(index) ?? id);
						first.set(index, id);
					}
				}
				for (const index of [0, 1, 2, 3]) expect(api.chargesOf(index)).toBeLessThanOrEqual(1);
				const journal = openJournal(store, runOf('1'), QUIET);
				expect([...journal.created().taskIds].sort()).toEqual([...first.values()].sort());
				expect(journal.spentCredits()).toBeGreaterThanOrEqual(PRICE * first.size);
				expect(journal.hasSpent() || api.charges.length === 0).toBe(true);
			}),
			{ numRuns: 500 },
		);
	});

	test('a request whose outcome is unclear is sent once', async () => {
		const store: IDataObject = {};
		let sent = 0;
		const send = async () => {
			sent += 1;
			return await Promise.reject<string>(failure({ outcome: 'unclear' }));
		};
		for (const prompt of ['A cat', 'A dog', 'A cat']) {
			const journal = openJournal(store, runOf('1'), QUIET);
			const outcome = await journal.create(0, requestFor(prompt), send);
			expect(outcome).toMatchObject({ detail: { outcome: 'unclear' } });
		}
		expect(sent).toBe(1);
	});

	test('a fault that nobody foresaw counts as unclear', async () => {
		const store: IDataObject = {};
		const journal = openJournal(store, runOf('1'), QUIET);
		const broken = async () => await Promise.reject<string>(new TypeError('bug'));
		await expect(journal.create(0, requestFor('A cat'), broken)).rejects.toThrow('bug');
		expect(openJournal(store, runOf('1'), QUIET).standing(0)).toEqual({ kind: 'unclear' });
	});
});

describe('Retry execution, on whatever n8n had stored', () => {
	test('pays again only for what was not stored as created with the same request', async () => {
		await fc.assert(
			fc.asyncProperty(tries(3), tries(3), fc.nat(), async (before, after, moment) => {
				const store: IDataObject = {};
				// n8n may store, and its process may end, between any two steps.
				const stored = ['{}'];
				const api = new Api(() => stored.push(JSON.stringify(store)));
				for (const { items } of before) {
					const journal = openJournal(store, runOf('1'), QUIET);
					for (const [index, item] of items.entries()) {
						await tryItem(journal, api, index, item);
						stored.push(JSON.stringify(store));
					}
				}

				const snapshot = stored[moment % stored.length] ?? '{}';
				const kept = openJournal(parse(snapshot), runOf('1'), QUIET);
				const paidBefore = [0, 1, 2].map((index) => api.chargesOf(index));
				const retried = parse(snapshot);
				const [firstTry] = after;
				const reusable = [0, 1, 2].map((index) => {
					const wanted = requestFor(firstTry?.items[index]?.prompt ?? '');
					const probe = openJournal(parse(snapshot), runOf('2'), QUIET);
					return probe.takeOver(index, wanted)?.kind === 'created';
				});
				for (const { items } of after) {
					const journal = openJournal(retried, runOf('2'), QUIET);
					for (const [index, item] of items.entries()) {
						await tryItem(journal, api, index, item);
					}
				}
				for (const index of [0, 1, 2]) {
					const more = api.chargesOf(index) - (paidBefore[index] ?? 0);
					expect(more).toBeLessThanOrEqual(reusable[index] === true ? 0 : 1);
				}
				// What was stored as created is never forgotten, not even where it was replaced.
				const known = allIds(openJournal(retried, runOf('2'), QUIET));
				expect(known).toEqual(expect.arrayContaining(allIds(kept)));
			}),
			{ numRuns: 500 },
		);
	});

	test('may send again what was unclear, for the user has looked', async () => {
		const store: IDataObject = {};
		const api = new Api();
		const unclear = { prompt: 'A cat', ending: 'unclear, not created' } as const;
		await tryItem(openJournal(store, runOf('1'), QUIET), api, 0, unclear);
		const retry = openJournal(parse(JSON.stringify(store)), runOf('2'), QUIET);
		expect(retry.spentCredits()).toBe(0);
		const id = await tryItem(retry, api, 0, { prompt: 'A cat', ending: 'created' });
		expect(allIds(retry)).toEqual([id]);
	});

	test('takes a task over for good: its request may change at the next try', async () => {
		const store: IDataObject = {};
		const api = new Api();
		const item = { prompt: 'A cat', ending: 'created' } as const;
		const id = await tryItem(openJournal(store, runOf('1'), QUIET), api, 0, item);
		const retried = parse(JSON.stringify(store));
		await tryItem(openJournal(retried, runOf('2'), QUIET), api, 0, item);
		const changed = { ...item, prompt: 'A dog' };
		const again = await tryItem(openJournal(retried, runOf('2'), QUIET), api, 0, changed);
		expect(again).toBe(id);
		expect(api.charges).toHaveLength(1);
	});

	test('counts a replaced task as spent, and names it', async () => {
		const store: IDataObject = {};
		const api = new Api();
		const item = { prompt: 'A cat', ending: 'created' } as const;
		await tryItem(openJournal(store, runOf('1'), QUIET), api, 0, item);
		const retry = openJournal(parse(JSON.stringify(store)), runOf('2'), QUIET);
		await tryItem(retry, api, 0, { ...item, prompt: 'A dog' });
		expect(retry.created()).toEqual({ taskIds: [taskIdOf(1)], replacedIds: [taskIdOf(0)] });
		expect(retry.taskIdOf(0)).toBe(taskIdOf(1));
		expect(retry.spentCredits()).toBe(2 * PRICE);
	});
});

test('a loop’s next turn creates anew', async () => {
	const store: IDataObject = {};
	const api = new Api();
	const item = { prompt: 'A cat', ending: 'created' } as const;
	for (const runIndex of [0, 1, 1, 2]) {
		await tryItem(openJournal(store, runOf('1', runIndex), QUIET), api, 0, item);
	}
	expect(api.charges).toHaveLength(3);
});

test('a journal that nothing was written to leaves the node’s context alone', () => {
	const store: IDataObject = {};
	const journal = openJournal(store, runOf('1'), QUIET);
	expect(journal.standing(0)).toBeNull();
	expect(journal.takeOver(0, requestFor('A cat'))).toBeNull();
	journal.end(true);
	expect(store).toEqual({});
});

describe('what an older version has stored', () => {
	// The SHA-256 of the request's JSON, as version 0.1.0 wrote it.
	const REQUEST = '3a5b';
	const storedBy = (request: string) => ({
		klingCreated: {
			runIndex: 0,
			items: {
				0: { request, taskId: taskIdOf(7), executionId: '1', callback: 'none' },
				1: { request, taskId: null, executionId: '1', callback: 'none' },
			},
		},
	});

	/** The fingerprint of a request, as the journal itself writes it. */
	async function fingerprintOf(prompt: string): Promise<string> {
		const store: IDataObject = {};
		await openJournal(store, runOf('1'), QUIET).create(
			0,
			requestFor(prompt),
			async () => await Promise.resolve(taskIdOf(0)),
		);
		return /"request":"([0-9a-f]{64})"/.exec(JSON.stringify(store))?.[1] ?? REQUEST;
	}

	test('has the same fingerprint for the same request', async () => {
		expect(await fingerprintOf('A cat')).toBe(
			// sha256 of ["A cat",["https://example.com/cat.jpg"],5,false]
			'034ece20efbb517ce21221da632b540d7b92838c8cf0ce80194bc2d558e26602',
		);
	});

	test('is reused at a retry, and completed with what is known now', async () => {
		const store = parse(JSON.stringify(storedBy(await fingerprintOf('A cat'))));
		const journal = openJournal(store, runOf('2'), QUIET);
		expect(journal.takeOver(0, requestFor('A cat'))).toEqual({
			kind: 'created',
			task: {
				taskId: taskIdOf(7),
				callback: 'none',
				callbackUrl: undefined,
				estimatedCredits: PRICE,
				duration: 5,
				sound: false,
			},
		});
		expect(journal.takeOver(1, requestFor('A cat'))).toBeNull();
		expect(journal.spentCredits()).toBe(PRICE);
	});

	test('stands within its own execution, whatever the request is now', () => {
		const store = parse(JSON.stringify(storedBy(REQUEST)));
		const journal = openJournal(store, runOf('1'), QUIET);
		expect(journal.takeOver(0, requestFor('A dog'))).toMatchObject({
			kind: 'created',
			task: { taskId: taskIdOf(7) },
		});
		expect(journal.standing(1)).toEqual({ kind: 'unclear' });
	});

	test('is dropped where it makes no sense', () => {
		const journal = openJournal({ klingCreated: 'nonsense' }, runOf('1'), QUIET);
		expect(allIds(journal)).toEqual([]);
	});
});

describe('as a tool of an AI Agent', () => {
	const callOf = (executionId: string, runIndex: number) => ({
		executionId,
		runIndex,
		isTool: true,
	});

	interface Call {
		prompt: string;
		ending: Ending;
		/** Whether something else goes wrong after the create. */
		failsLater: boolean;
	}

	/** One call with its one item; its run index is of no use (n8n: each try has its own). */
	async function call(store: IDataObject, api: Api, executionId: string, what: Call) {
		const journal = openJournal(store, callOf(executionId, api.charges.length), QUIET);
		const id = await tryItem(journal, api, 0, what);
		const failed = id === undefined || what.failsLater;
		journal.end(failed);
		return { id, failed };
	}

	const anyCall = fc.record({
		prompt: fc.constantFrom('A cat', 'A dog'),
		ending: fc.constantFrom(...ENDINGS),
		failsLater: fc.boolean(),
	});

	test('a try that follows a failed one takes its task, and one after a success gets its own', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyCall, { maxLength: 8 }), async (calls) => {
				const store: IDataObject = {};
				const api = new Api();
				/** By prompt: the tasks that failed calls have left, null for one that is unclear. */
				const left = new Map<string, Array<string | null>>();
				for (const what of calls) {
					const before = api.charges.length;
					const owed = left.get(what.prompt) ?? [];
					const { id, failed } = await call(store, api, '1', what);
					const taken = owed.find((one) => one !== null) ?? owed[0];
					if (taken === undefined) {
						expect(id === undefined || id === api.charges.at(-1)?.taskId).toBe(true);
						if (what.ending.startsWith('unclear')) owed.push(null);
						else if (failed && id !== undefined) owed.push(id);
					} else {
						expect(api.charges).toHaveLength(before);
						expect(id).toBe(taken ?? undefined);
						if (!failed) owed.splice(owed.indexOf(taken), 1);
					}
					left.set(what.prompt, owed);
				}
			}),
			{ numRuns: 500 },
		);
	});

	test('calls that run at the same time get one video each, and so do their second tries', async () => {
		const store: IDataObject = {};
		const api = new Api();
		const what = { prompt: 'A cat', ending: 'created', failsLater: true } as const;
		const both = async (failsLater: boolean) =>
			await Promise.all(
				[1, 2].map(async () => await call(store, api, '1', { ...what, failsLater })),
			);
		const first = await both(true);
		const second = await both(false);
		expect(second.map(({ id }) => id).sort()).toEqual(first.map(({ id }) => id).sort());
		expect(api.charges).toHaveLength(2);
		await both(false);
		expect(api.charges).toHaveLength(4);
	});

	test('Retry execution reuses each task once, and sends again what was unclear', async () => {
		const store: IDataObject = {};
		const api = new Api();
		const cat = { prompt: 'A cat', ending: 'created', failsLater: false } as const;
		const { id } = await call(store, api, '1', cat);
		await call(store, api, '1', { prompt: 'A dog', ending: 'unclear, created', failsLater: false });
		const retried = parse(JSON.stringify(store));
		expect((await call(retried, api, '2', cat)).id).toBe(id);
		expect((await call(retried, api, '2', cat)).id).not.toBe(id);
		const dog = await call(retried, api, '2', { ...cat, prompt: 'A dog' });
		expect(dog.id).toBeDefined();
		expect(api.charges).toHaveLength(4);
	});

	test('reuses what an older version stored of a call', async () => {
		const written: IDataObject = {};
		const api = new Api();
		const cat = { prompt: 'A cat', ending: 'created' } as const;
		const id = await tryItem(openJournal(written, runOf('1', 3), QUIET), api, 0, cat);
		const store = parse(JSON.stringify(written));
		const journal = openJournal(store, callOf('2', 0), QUIET);
		expect(await tryItem(journal, api, 0, cat)).toBe(id);
	});
});

describe('what the log is told', () => {
	test('each id at the moment it is known, and each request that is unclear', async () => {
		const lines: string[] = [];
		const log = {
			created: (item: number, taskId: string) => void lines.push(`${item} ${taskId}`),
			unclear: (item: number) => void lines.push(`${item} unclear`),
		};
		const api = new Api();
		const journal = openJournal({}, runOf('1'), log);
		await tryItem(journal, api, 2, { prompt: 'A cat', ending: 'created' });
		await tryItem(journal, api, 0, { prompt: 'A cat', ending: 'unclear, created' });
		await tryItem(journal, api, 1, { prompt: 'A cat', ending: 'refused' });
		expect(lines).toEqual([`2 ${taskIdOf(0)}`, '0 unclear']);
	});
});

function parse(json: string): IDataObject {
	const value: unknown = JSON.parse(json);
	if (typeof value !== 'object' || value === null) throw new Error('No object');
	return { ...value };
}
