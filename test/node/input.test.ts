import type { INodeParameters } from 'n8n-workflow';

import type * as Time from '../harness/node/time';
import { useEmulator } from '../harness/node/emulator';
import { operationErrorOf } from '../harness/node/errors';
import { everythingShown, runKling } from '../harness/node/runKling';
import { createTask } from '../harness/node/tasks';

jest.mock('n8n-workflow', () =>
	jest.requireActual<typeof Time>('../harness/node/time').skipPauses(),
);

const emulator = useEmulator();

const CREATING = ['create', 'createAndWait'] as const;
const BY_TASK_ID = ['getTask', 'wait'] as const;

/** A create whose one parameter comes from the item, the others are fine. */
function creatingWith(parameter: string): INodeParameters {
	return {
		prompt: 'A cat turns its head',
		imageUrls: emulator.current.imageUrl(),
		callback: 'none',
		waitStrategy: 'poll',
		timeout: 0,
		[parameter]: '={{ $json.value }}',
	};
}

const GOOD_VALUES: Record<string, string | number | boolean> = {
	prompt: 'A cat turns its head',
	imageUrls: 'https://example.com/cat.jpg',
	duration: 5,
	sound: false,
};

const BAD_CREATES: Array<
	[parameter: string, what: string, value: string | number | object | null, words: RegExp]
> = [
	['prompt', 'an empty text', '', /Prompt.*empty/],
	['prompt', 'only spaces', '  \n', /Prompt.*empty/],
	['prompt', 'null', null, /Prompt.*empty/],
	['prompt', '2,501 characters', 'a'.repeat(2_501), /Prompt.*2501.*2500/],
	['prompt', '2,501 Chinese characters', '字'.repeat(2_501), /Prompt.*2501.*2500/],
	['prompt', '2,501 emoji', '🎬'.repeat(2_501), /Prompt.*2501.*2500/],
	['imageUrls', 'no image', '', /Image URLs.*is empty/],
	['imageUrls', 'null', null, /Image URLs.*is empty/],
	['imageUrls', 'an empty list', [], /Image URLs.*is empty/],
	['imageUrls', 'lists without a URL', [[], [null]], /Image URLs.*is empty/],
	['imageUrls', 'ftp', 'ftp://example.com/a.jpg', /Image URLs.*ftp:\/\/example\.com/],
	['imageUrls', 'embedded data', 'data:image/png;base64,AAAA', /Image URLs.*data:image/],
	['imageUrls', 'no address', 'cat.jpg', /Image URLs.*cat\.jpg/],
	['imageUrls', 'a malformed address', 'https://exa[mple', /Image URLs.*exa\[mple/],
	[
		'imageUrls',
		'a bad address after a good one',
		['https://example.com/a.jpg', ['nonsense']],
		/Image URLs.*nonsense/,
	],
	['duration', '7', 7, /Duration.*7/],
	['duration', 'a text', 'abc', /Duration.*abc/],
	['duration', 'null', null, /Duration/],
	['sound', 'a text', 'maybe', /Sound.*maybe/],
	['sound', 'null', null, /Sound/],
	['sound', 'a number', 1, /Sound.*1/],
];

const BAD_TASK_IDS: Array<[what: string, value: string | number | null]> = [
	['an empty text', ''],
	['null', null],
	['a word', 'latest'],
	['a path', '../credits'],
	['a number', 42],
	['a UUID with something more', '3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d/x'],
];

describe.each(CREATING)('%s refuses, before anything is sent,', (operation) => {
	test.each(BAD_CREATES)('%s: %s', async (parameter, _, value, words) => {
		const result = await runKling({
			emulator: emulator.current,
			parameters: { operation, ...creatingWith(parameter) },
			items: [{ value }],
		});
		const { message, description, itemIndex } = operationErrorOf(result);
		expect(message).toMatch(words);
		expect(message).toMatch(/ \[item 0\]$/);
		expect(description).not.toBe('');
		expect(itemIndex).toBe(0);
		expect(emulator.current.count()).toBe(0);
	});

	test.each(BAD_CREATES)(
		'%s: %s, when only the last of several items has it',
		async (parameter, _, value, words) => {
			const good = GOOD_VALUES[parameter] ?? null;
			const result = await runKling({
				emulator: emulator.current,
				parameters: { operation, ...creatingWith(parameter) },
				items: [{ value: good }, { value: good }, { value }],
			});
			const { message, itemIndex } = operationErrorOf(result);
			expect(message).toMatch(words);
			expect(message).toMatch(/ \[item 2\]$/);
			expect(itemIndex).toBe(2);
			expect(emulator.current.count()).toBe(0);
		},
	);

	test.each([
		['concurrency', 0, /Concurrency/],
		['concurrency', 'many', /Concurrency/],
		['concurrency', 1_000, /Concurrency/],
		['maxCredits', -1, /Max(imum)? Credits/],
		['maxCredits', 'some', /Max(imum)? Credits/],
	])('the option %s: %p', async (option, value, name) => {
		const result = await runKling({
			emulator: emulator.current,
			parameters: {
				operation,
				...creatingWith('unused'),
				options: { [option]: '={{ $json.value }}' },
			},
			items: [{ value }],
		});
		expect(operationErrorOf(result).message).toMatch(name);
		expect(emulator.current.count()).toBe(0);
	});

	test.each([
		['an empty key', { apiKey: '' }],
		['a key of spaces', { apiKey: '  ' }],
		['an address that is none', { baseUrl: 'api.aivideoapi.ai' }],
		['a scheme that is not http', { baseUrl: 'ftp://api.aivideoapi.ai' }],
	])('a credential with %s', async (_, credential) => {
		const result = await runKling({
			emulator: emulator.current,
			credential,
			parameters: { operation, ...creatingWith('unused') },
		});
		expect(operationErrorOf(result).message).toMatch(/credential/);
		expect(emulator.current.count()).toBe(0);
	});
});

describe('create refuses, before anything is sent,', () => {
	test.each(['', 'n8n.example.com', 'ftp://n8n.example.com'])(
		'the Callback URL %p',
		async (callbackUrl) => {
			const result = await runKling({
				emulator: emulator.current,
				parameters: {
					operation: 'create',
					...creatingWith('unused'),
					callback: 'url',
					callbackUrl,
				},
			});
			expect(operationErrorOf(result).message).toMatch(/^'Callback URL' .* \[item 0\]$/);
			expect(emulator.current.count()).toBe(0);
		},
	);
});

describe.each(BY_TASK_ID)('%s refuses, before anything is sent,', (operation) => {
	const parameters = {
		operation,
		taskId: '={{ $json.taskId }}',
		waitStrategy: 'poll',
		timeout: 0,
	};

	test.each(BAD_TASK_IDS)('the Task ID: %s', async (_, taskId) => {
		const result = await runKling({
			emulator: emulator.current,
			parameters,
			items: [{ taskId }],
		});
		const { message, itemIndex } = operationErrorOf(result);
		expect(message).toMatch(/^'Task ID' .* \[item 0\]$/);
		expect(itemIndex).toBe(0);
		expect(emulator.current.count()).toBe(0);
	});

	test.each(BAD_TASK_IDS)('the Task ID of the last item alone: %s', async (_, taskId) => {
		const good = await createTask(emulator.current);
		const result = await runKling({
			emulator: emulator.current,
			parameters,
			items: [{ taskId: good }, { taskId }],
		});
		expect(operationErrorOf(result).message).toMatch(/^'Task ID' .* \[item 1\]$/);
		expect(emulator.current.count({ route: 'getTask' })).toBe(0);
	});

	test('an item without a taskId', async () => {
		const result = await runKling({ emulator: emulator.current, parameters, items: [{}] });
		expect(operationErrorOf(result).message).toMatch(/Task ID.*empty/);
	});
});

describe.each(['wait', 'createAndWait'])('%s refuses, before anything is sent,', (operation) => {
	test.each<[string, INodeParameters]>([
		['Timeout', { timeout: -1 }],
		['Timeout', { timeout: 'soon' }],
		['Timeout', { timeout: 1e9 }],
		['Poll Interval', { options: { pollInterval: 'often' } }],
		['Poll Interval', { options: { pollInterval: -3 } }],
	])('a wrong %s: %j', async (name, parameters) => {
		const result = await runKling({
			emulator: emulator.current,
			parameters: {
				operation,
				...creatingWith('unused'),
				taskId: '3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d',
				...parameters,
			},
		});
		expect(operationErrorOf(result).message).toContain(name);
		expect(emulator.current.count()).toBe(0);
	});
});

describe('without a credential', () => {
	test.each(['create', 'createAndWait', 'getTask', 'wait', 'getCredits'])(
		'%s is refused before anything is sent',
		async (operation) => {
			const result = await runKling({
				emulator: emulator.current,
				credential: null,
				parameters: {
					operation,
					...creatingWith('unused'),
					taskId: '3f2a9c1e-0b7d-4c5a-9e21-6d1f8a2b4c3d',
				},
			});
			expect(operationErrorOf(result).message).toMatch(/credential/i);
			expect(emulator.current.count()).toBe(0);
		},
	);
});

describe('with Continue On Fail', () => {
	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'(%s) a bad item is an error item, and the good ones are created',
		async (onError) => {
			const { items, error } = await runKling({
				emulator: emulator.current,
				onError,
				parameters: { operation: 'create', ...creatingWith('prompt') },
				items: [{ value: 'One' }, { value: '' }, { value: 'Three' }],
			});
			expect(error).toBeNull();
			expect(items.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
			expect(items[1]?.json).toMatchObject({
				error: expect.stringMatching(/^'Prompt' is empty \[item 1\]$/),
			});
			expect(emulator.current.tasks().map((task) => task.prompt)).toEqual(['One', 'Three']);
		},
	);

	test.each(BY_TASK_ID)('%s reads the good items beside a bad one', async (operation) => {
		const taskId = await createTask(emulator.current);
		await emulator.current.complete(taskId);
		const { json, error } = await runKling({
			emulator: emulator.current,
			onError: 'continueRegularOutput',
			parameters: { operation, taskId: '={{ $json.taskId }}', waitStrategy: 'poll' },
			items: [{ taskId: 'nonsense' }, { taskId }],
		});
		expect(error).toBeNull();
		expect(json[0]).toMatchObject({ error: expect.stringMatching(/^'Task ID' .* \[item 0\]$/) });
		expect(json[1]).toMatchObject({ taskId, status: 'completed' });
	});
});

test('no refusal ever shows the API key', () => {
	const shown = everythingShown();
	expect(shown).toContain("'Prompt' is empty [item");
	expect(shown).not.toContain(emulator.current.apiKey);
});
