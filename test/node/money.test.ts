import type { IDataObject, INodeParameters, IRunExecutionData } from 'n8n-workflow';
import fc from 'fast-check';

import { type RunSettings, useKling } from '../harness/node/kling';
import { apiErrorOf, operationErrorOf } from '../harness/node/errors';
import { completeAll } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

const { emulator, create: createOf } = useKling();

const PRICE = 110;
const WAITING = { operation: 'createAndWait' };
const CONTINUING = { onError: 'continueRegularOutput' } as const;

/** A create of each item, one request after the other so that it is the same each time. */
async function create(
	items: IDataObject[],
	parameters: INodeParameters = {},
	{ options, ...settings }: RunSettings & { options?: IDataObject } = {},
) {
	const ofItem = { prompt: '={{ $json.prompt }}', options: { concurrency: 1, ...options } };
	return await createOf({ ...ofItem, ...parameters }, { items, ...settings });
}

const ids = () => emulator.current.tasks().map(({ id }) => id);
const spent = () => emulator.current.account().totalConsumed;
const creates = () => emulator.current.count({ route: 'create' });
const prompts = (...texts: string[]) => texts.map((prompt) => ({ prompt }));

describe('a second try of the same run', () => {
	test.each(['400', '401', '402', '404', '429-spend'])(
		'keeps each first task after a refusal with %s, though every request has changed',
		async (refusal) => {
			const { runData } = await create(prompts('One', `Two [http:${refusal}=1]`, 'Three'));
			const second = await create(prompts('Other', 'Two', 'Another'), {}, { runData });
			expect(second.error).toBeNull();
			expect(second.json.map(({ taskId }) => taskId)).toEqual(ids());
			const paid = emulator.current.tasks().map(({ prompt }) => prompt);
			expect(paid).toEqual(['One', 'Two', 'Another']);
			expect(spent()).toBe(3 * PRICE);
		},
	);

	test('passes on what a task was created with, not what the expressions give now', async () => {
		const parameters = { duration: '={{ $json.seconds }}', sound: '={{ $json.sound }}' };
		const one = { prompt: 'One', seconds: 10, sound: true };
		const two = { prompt: 'Two', seconds: 5, sound: false };
		const { runData } = await create([one, { ...two, prompt: 'Two [http:402=1]' }], parameters);
		const items = [{ prompt: '', seconds: 7, sound: 'maybe' }, two];
		const second = await create(items, parameters, { runData });
		expect(second.error).toBeNull();
		expect(second.json[0]).toMatchObject({ duration: 10, sound: true, estimatedCredits: 440 });
	});

	test('sends nothing more where one item is unclear, and names what there is', async () => {
		const items = prompts('One', 'Two [fault:reset-after=1]', 'Three');
		const first = await create(items);
		expect(apiErrorOf(first).message).toMatch(/may have been charged \(1 of 3 videos was /);
		const second = await create(prompts('A', 'B', 'C'), {}, { runData: first.runData });
		const { message, description } = apiErrorOf(second);
		expect(message).toMatch(/may have been charged \(1 of 3 videos was already created\)$/);
		expect(description).toContain(ids()[0]);
		expect(creates()).toBe(2);
	});

	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'with %s pays for the items that still lack a task, and for no other',
		async (onError) => {
			const items = prompts('One [fault:reset-after=1]', 'Two', 'Three [http:402=1]');
			const first = await create(items, {}, { onError });
			const second = await create(items, {}, { onError, runData: first.runData });
			expect(second.json[0]?.['error']).toMatch(/may have been charged/);
			expect(second.json.slice(1).map(({ taskId }) => taskId)).toEqual(ids().slice(1));
			expect([creates(), spent()]).toEqual([4, 3 * PRICE]);
		},
	);

	describe('that cannot go on', () => {
		const halfWay = async () => await create(prompts('One', 'Two [http:402=1]', 'Three'));

		const secondTry = async (
			runData: IRunExecutionData,
			options: IDataObject,
			run: RunSettings = {},
		) => await create(prompts('One', 'Two', 'Three'), {}, { runData, options, ...run });

		test('since the balance is too low by now, names the tasks, and never says that nothing was spent', async () => {
			const { runData } = await halfWay();
			emulator.current.setBalance(emulator.current.apiKey, PRICE);
			const second = await secondTry(runData, { checkBalance: true });
			const { message, description } = operationErrorOf(second);
			expect(message).toMatch(
				/^'Check Balance' found that the account has 110 credits.*\(1 of 3 videos was already created\)/,
			);
			expect(description).toContain(ids()[0]);
			expect(description).not.toMatch(/nothing was spent/i);
		});

		test('since the balance cannot be read, names the tasks, and with Continue passes them on', async () => {
			const { runData } = await halfWay();
			const match = { path: '/v1/credits' };
			emulator.current.fault({ match, fault: 'http:401', times: 'always' });
			const options = { checkBalance: true };
			const { message, description } = apiErrorOf(await secondTry(runData, options));
			expect(message).toMatch(/\(1 of 3 videos was already created\)$/);
			expect(description).toContain(ids()[0]);
			const continuing = await secondTry(runData, options, CONTINUING);
			const refused = { details: { taskId: null } };
			expect(continuing.json).toMatchObject([{ taskId: ids()[0] }, refused, refused]);
		});

		test('since a setting of the run is wrong by now, names the tasks, as each error item does its own', async () => {
			const { runData } = await halfWay();
			const options = { maxCredits: 'plenty' };
			const { message } = operationErrorOf(await secondTry(runData, options));
			expect(message).toMatch(/^'Max Credits' .*\(1 of 3 videos was already created\) \[item 0\]$/);
			const { json } = await secondTry(runData, options, CONTINUING);
			const taskIds = [ids()[0], null, null];
			expect(json).toMatchObject(taskIds.map((taskId) => ({ details: { taskId } })));
		});

		test('since how a task is passed on cannot be evaluated any more, names the task', async () => {
			const parameters = { ...WAITING, simplify: '={{ $json.simplify }}' };
			const itemsWith = (simplify: boolean | string) =>
				prompts('One', 'Two [http:402=1]').map((item) => ({ ...item, simplify }));
			const { runData } = await create(itemsWith(true), parameters);
			const { json } = await create(itemsWith('perhaps'), parameters, { runData, ...CONTINUING });
			const error = expect.stringMatching(/^'Simplify' /);
			expect(json).toMatchObject([
				{ error, details: { taskId: ids()[0] } },
				{ error, details: { taskId: null } },
			]);
			expect(creates()).toBe(2);
		});
	});
});

describe('Max Credits', () => {
	test('covers what earlier tries of the run have spent', async () => {
		const options = { maxCredits: 3 * PRICE };
		const { runData } = await create(prompts('One', 'Two', 'Three [http:402=1]'), {}, { options });
		const dearer = { duration: '={{ $json.prompt === "Three" ? 10 : 5 }}' };
		const second = await create(prompts('One', 'Two', 'Three'), dearer, { runData, options });
		expect(operationErrorOf(second).message).toMatch(
			/^'Max Credits' is 330, of which this run has spent 220, but 1 video costs an estimated 220 credits/,
		);
		expect(spent()).toBe(2 * PRICE);
		const third = await create(prompts('One', 'Two', 'Three'), {}, { runData, options });
		expect(third.error).toBeNull();
		expect(spent()).toBe(3 * PRICE);
	});

	test('counts a create that is unclear as spent', async () => {
		const options = { maxCredits: 2 * PRICE };
		const run = { options, ...CONTINUING };
		const items = prompts('One [fault:reset-after=1]', 'Two [http:402=1]');
		const { runData } = await create(items, {}, run);
		const dearer = { duration: '={{ $json.prompt.startsWith("Two") ? 10 : 5 }}' };
		const { json } = await create(items, dearer, { ...run, runData });
		expect(json[1]?.['error']).toMatch(/of which this run has spent 110/);
		expect(creates()).toBe(2);
	});

	test('that differs from item to item counts with its lowest value, never with none', async () => {
		const limits = [0, 2 * PRICE, 5 * PRICE];
		const items = limits.map((limit, number) => ({ prompt: `Number ${number}`, limit }));
		const { error } = await create(items, {}, { options: { maxCredits: '={{ $json.limit }}' } });
		expect(operationErrorOf({ error }).message).toMatch(/^'Max Credits' is 220, but 3 videos cost/);
		expect(creates()).toBe(0);
	});

	test('without a value for one item costs that item alone, and still holds for the others', async () => {
		const items = [{ prompt: 'One' }, { prompt: 'Two', limit: PRICE }];
		const options = { maxCredits: '={{ $json.limit }}' };
		const { json } = await create(items, {}, { options, ...CONTINUING });
		expect(json).toMatchObject([
			{ error: expect.stringMatching(/^'Max Credits' .*\[item 0\]$/) },
			{ taskId: ids()[0] },
		]);
		expect(spent()).toBe(PRICE);
	});
});

describe('everything is evaluated before the first create', () => {
	const BROKEN = [
		['prompt', '={{ $json.prompt === "Two" ? "" : "A cat" }}'],
		['simplify', '={{ $json.prompt === "Two" ? undefined.x : true }}'],
		['simplify', '={{ $json.prompt === "Two" ? "perhaps" : true }}'],
		['timeout', '={{ "soon" }}'],
		['waitStrategy', '={{ "somehow" }}'],
		['downloadVideo', '={{ $json.prompt === "Two" ? null : false }}'],
	];

	test.each(BROKEN)('%s: %s', async (name, value) => {
		const { error } = await create(prompts('One', 'Two'), { ...WAITING, [String(name)]: value });
		expect(operationErrorOf({ error }).description).not.toMatch(/created so far/);
		expect(creates()).toBe(0);
	});

	test.each([
		[0, 'timeout', '={{ $itemIndex === 0 ? "soon" : 5 }}', /^'Timeout.* \[item 0\]$/],
		[1, 'simplify', '={{ $itemIndex === 1 ? "perhaps" : true }}', /^'Simplify' .* \[item 1\]$/],
	])('what is wrong with item %d costs that item alone: %s', async (bad, name, value, error) => {
		clock.duringPause = async () => await completeAll(emulator.current);
		const items = prompts('One', 'Two', 'Three');
		const { json } = await create(items, { ...WAITING, [name]: value }, CONTINUING);
		const good = ids().map((taskId): unknown => ({ taskId, status: 'completed' }));
		const refused = { error: expect.stringMatching(error) };
		expect(good).toHaveLength(2);
		expect(json).toMatchObject(good.toSpliced(bad, 0, refused));
	});
});

describe('a task of which the wait goes wrong', () => {
	test('is named by the error that ends the run, with all others', async () => {
		emulator.current.fault({ match: { method: 'GET' }, fault: 'http:404', times: 'always' });
		const { message, description } = apiErrorOf(await create(prompts('One', 'Two'), WAITING));
		expect(message).toMatch(/\(2 of 2 videos were already created\)$/);
		for (const id of ids()) expect(description).toContain(id);
	});

	test('is named by its own error item', async () => {
		emulator.current.fault({ match: { method: 'GET' }, fault: 'http:404', times: 'always' });
		const { json } = await create(prompts('One', 'Two'), WAITING, CONTINUING);
		expect(json).toMatchObject(ids().map((taskId) => ({ details: { taskId } })));
	});

	test('is logged when the execution is cancelled, and so are all others', async () => {
		const controller = new AbortController();
		clock.duringPause = () => controller.abort();
		const { signal } = controller;
		const { error, log } = await create(prompts('One', 'Two'), WAITING, { signal });
		expect(error).toBeInstanceOf(Error);
		expect(log.at(-1)).toContain(`Cancelled after creating Kling videos: ${ids().join(', ')} (`);
	});
});

describe('as a tool of an AI Agent', () => {
	const call = async (
		prompt: string,
		runData?: IRunExecutionData,
		parameters: INodeParameters = {},
	) => await create([{ prompt }], parameters, { asTool: true, runData });

	test('equal requests are one video, and the second call says so', async () => {
		const first = await call('A cat');
		const second = await call('A cat', first.runData);
		expect(first.json[0]).not.toHaveProperty('note');
		expect(second.json).toMatchObject([
			{ taskId: ids()[0], note: expect.stringContaining('Change the prompt to get another one') },
		]);
		expect(creates()).toBe(1);
	});

	test.each<INodeParameters>([
		{ duration: 10 },
		{ sound: true },
		{ imageUrls: 'https://example.com/dog.jpg' },
	])('a request that differs in %j is another video', async (other) => {
		const { runData } = await call('A cat');
		const { json } = await call('A cat', runData, other);
		expect(json[0]).not.toHaveProperty('note');
		expect(creates()).toBe(2);
	});

	test('a create that is unclear is never sent again', async () => {
		emulator.current.fault({ match: { method: 'POST' }, fault: 'http:500-after' });
		const first = await call('A cat');
		const second = await call('A cat', first.runData);
		const third = await call('A cat', second.runData);
		for (const { json } of [first, second, third]) {
			expect(json).toMatchObject([{ error: expect.stringMatching(/may have been charged/) }]);
		}
		for (const { json } of [second, third]) {
			expect(json).toMatchObject([{ error: expect.stringMatching(/An earlier try sent this/) }]);
		}
		expect([creates(), spent()]).toEqual([1, PRICE]);
	});
});

/** How often one request of an item is refused, or what else becomes of it. */
const MARKERS = ['', ' [http:402=1]', ' [http:402=2]', ' [fault:reset-after=1]', ' [http:500=1]'];

test('whatever happens in whichever try, each item is charged at most once, and every id is known', async () => {
	const oneTry = fc.record({
		continues: fc.boolean(),
		concurrency: fc.integer({ min: 1, max: 4 }),
		checkBalance: fc.boolean(),
		suffix: fc.constantFrom('', '!', '?'),
	});
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.constantFrom(...MARKERS), { minLength: 1, maxLength: 4 }),
			fc.array(oneTry, { minLength: 2, maxLength: 4 }),
			async (markers, tries) => {
				emulator.current.reset();
				const log: string[] = [];
				let runData: IRunExecutionData | undefined;
				let last: Awaited<ReturnType<typeof create>> | undefined;
				for (const { continues, concurrency, checkBalance, suffix } of tries) {
					last = await create(
						markers.map((marker, index) => ({ prompt: `Item ${index}${marker}${suffix}` })),
						{},
						{
							runData,
							options: { concurrency, checkBalance },
							onError: continues ? 'continueRegularOutput' : 'stopWorkflow',
						},
					);
					runData = last.runData;
					log.push(...last.log);
				}
				const paid = emulator.current.tasks().map(({ prompt }) => /^Item \d/.exec(prompt)?.[0]);
				expect(new Set(paid).size).toBe(paid.length);
				expect(spent()).toBe(paid.length * PRICE);
				// A task whose answer got lost has no id that anyone could know.
				const known = emulator.current
					.tasks()
					.filter(({ prompt }) => !prompt.includes('reset-after'))
					.map(({ id }) => id);
				for (const id of known) expect(log.join('\n')).toContain(id);
				const shown =
					last?.error instanceof Error ? apiErrorOf(last).description : JSON.stringify(last?.json);
				for (const id of known) expect(shown).toContain(id);
			},
		),
		{ numRuns: 100 },
	);
});

describe('Retry execution', () => {
	/** In an execution of its own, with what n8n has stored of the first. */
	const retryOf = ({ runData }: { runData: IRunExecutionData }) => ({ runData, executionId: '43' });
	const EDITED = { prompt: '={{ $json.prompt }} ' };

	test('of an edited node names a replaced task apart, and counts each item once', async () => {
		const first = await create(prompts('One', 'Two [http:402=1]'));
		const retry = await create(prompts('One, changed', 'Two [http:402=2]'), EDITED, retryOf(first));
		const [replaced = '', current = ''] = ids();
		const { message, description } = apiErrorOf(retry);
		expect(message).toMatch(/\(1 of 2 videos was already created\)$/);
		expect(description).toContain(`The task created so far: ${current}.`);
		expect(description).toContain(`The task created before a request was changed: ${replaced}.`);
	});

	test('looks up the callback only of what is to be sent', async () => {
		const first = await create(prompts('One'));
		// There is none.
		const retry = await create(prompts('One'), { callback: 'trigger' }, retryOf(first));
		expect(retry.json).toMatchObject([{ taskId: ids()[0] }]);
	});

	test('does not sleep where the callback of one of its tasks wakes another execution', async () => {
		const parameters = { operation: 'createAndWait', waitStrategy: 'auto' };
		const first = await create(prompts('One', 'Two [http:402=1]'), parameters);
		clock.duringPause = async () => await completeAll(emulator.current);
		const retry = await create(prompts('One', 'Two'), parameters, retryOf(first));
		expect(retry.waitTill).toBeUndefined();
		expect(retry.json).toMatchObject([{ status: 'completed' }, { status: 'completed' }]);
	});

	test('of an edited node that is refused is not recommended, since it would create anew', async () => {
		const first = await create(prompts('One', 'Two [http:402=1]'));
		const limited = { ...EDITED, options: { maxCredits: PRICE } };
		const retry = await create(prompts('One, changed', 'Two'), limited, retryOf(first));
		const { description } = operationErrorOf(retry);
		expect(description).toContain(`The task created so far: ${ids()[0]}.`);
		expect(description).not.toContain('use Retry');
	});

	test('never sends what is unclear, counts it for Max Credits, and nothing recommends it', async () => {
		const items = prompts('One', 'Two [fault:reset-after=1]', 'Three');
		const first = await create(items);
		const retry = await create(items, {}, retryOf(first));
		for (const run of [first, retry]) {
			const { message, description } = apiErrorOf(run);
			expect(message).toMatch(/may have been charged/);
			expect(description).not.toMatch(/use Retry/);
		}
		expect(creates()).toBe(2);
		const options = { maxCredits: 3 * PRICE - 1 };
		const limited = await create(items, {}, { ...retryOf(first), ...CONTINUING, options });
		expect(limited.json[2]?.['error']).toMatch(/of which this run has spent 220/);
		expect(creates()).toBe(2);
	});

	test('sleeps where Wait Strategy is Callback, though nobody calls this execution', async () => {
		const callback = { ...WAITING, waitStrategy: 'callback' };
		const first = await create(prompts('One', 'Two [http:402=1]'), callback);
		const retry = await create(prompts('One', 'Two'), callback, retryOf(first));
		expect(retry.waitTill).toBeDefined();
		expect(spent()).toBe(2 * PRICE);
	});

	test('makes another video of one that ended the run and whose credits were given back', async () => {
		const options = { throwOnFailure: true };
		clock.duringPause = async (count) => {
			if (count === 1) for (const id of ids()) await emulator.current.fail(id);
		};
		const first = await create(prompts('One', 'Two'), WAITING, { options });
		const { message, description } = apiErrorOf(first);
		expect(message).not.toMatch(/already created/);
		expect(description).not.toMatch(/use Retry/);
		for (const id of ids()) expect(`${message} ${description}`).toContain(id);
		clock.duringPause = async () => await completeAll(emulator.current);
		const retry = await create(prompts('One', 'Two'), WAITING, { ...retryOf(first), options });
		expect(retry.json.map(({ taskId }) => taskId)).toEqual(ids().slice(2));
		expect(spent()).toBe(2 * PRICE);
	});
});

describe('a pause that the API asks for, of more than a minute', () => {
	test.each([
		['429-rate', 3],
		['503', 2],
	] as const)(
		'with %s leaves the items behind it not sent: never unclear, not counted, and sent by the next try',
		async (http, paid) => {
			const items = prompts('One', 'Two', 'Three');
			const options = { maxCredits: 3 * PRICE };
			const run = { ...CONTINUING, options };
			emulator.current.fault({ match: {}, fault: { http, retryAfter: 120 } });
			const first = await create(items, {}, run);
			expect(creates()).toBe(1);
			for (const { error } of first.json.slice(1)) {
				expect(error).toMatch(/asks to wait .*so it was not asked to create a task/);
				expect(error).not.toMatch(/may have been charged/);
			}
			expect(first.log.join('\n')).not.toMatch(/item [12]/);
			const second = await create(items, {}, { ...run, runData: first.runData });
			expect(second.json.flatMap(({ taskId }) => taskId ?? [])).toEqual(ids());
			expect(spent()).toBe(paid * PRICE);
		},
	);
});

test('n8n’s log says how many videos are about to be created, before each id', async () => {
	const { log } = await create(prompts('One', 'Two'));
	const [begin, ...created] = log;
	expect(begin).toMatch(/^Creating 2 Kling videos \(workflow workflow-1, execution 42/);
	expect(created).toHaveLength(2);
	for (const [index, id] of ids().entries()) {
		expect(created[index]).toContain(`Kling video created: task ${id} (`);
	}
});
