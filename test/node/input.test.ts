import type { INodeParameters } from 'n8n-workflow';

import { TASK_ID } from '../harness/node/builders';
import { useKling } from '../harness/node/kling';
import { operationErrorOf } from '../harness/node/errors';
import { everythingShown } from '../harness/node/runKling';
import { createTask } from '../harness/node/tasks';

const { emulator, create, readEach, createEach, finishedTask } = useKling();
const BY_TASK_ID = ['getTask', 'wait'] as const;

describe.each(BY_TASK_ID)('%s refuses, before anything is sent,', (operation) => {
	test.each(['latest', null])('the Task ID of the last item alone: %s', async (taskId) => {
		const good = await createTask(emulator.current);
		const result = await readEach(operation, [good, taskId], { timeout: 0 });
		expect(operationErrorOf(result).message).toMatch(/^'Task ID' .* \[item 1\]$/);
		expect(emulator.current.count({ route: 'getTask' })).toBe(0);
	});
});

test.each<[string, string, INodeParameters]>([
	['wait', 'Timeout', { timeout: 1e9 }],
	['createAndWait', 'Timeout', { timeout: -1 }],
	['wait', 'Poll Interval', { options: { pollInterval: -3 } }],
	['createAndWait', 'Poll Interval', { options: { pollInterval: 1e9 } }],
])('%s refuses, before anything is sent, a wrong %s: %j', async (operation, name, wrong) => {
	const result = await create({ operation, taskId: TASK_ID, ...wrong });
	expect(operationErrorOf(result).message).toContain(name);
	expect(emulator.current.count()).toBe(0);
});

describe('without a credential', () => {
	test.each(['create', 'createAndWait', 'getTask', 'wait', 'getCredits'])(
		'%s is refused before anything is sent',
		async (operation) => {
			const result = await create({ operation, taskId: TASK_ID }, { credential: null });
			expect(operationErrorOf(result).message).toMatch(/credential/i);
			expect(emulator.current.count()).toBe(0);
		},
	);
});

describe('with Continue On Fail', () => {
	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'(%s) a bad item is an error item, and the good ones are created',
		async (onError) => {
			const { items, error } = await createEach(['One', '', 'Three'], {}, { onError });
			expect(error).toBeNull();
			expect(items.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
			expect(items[1]?.json).toMatchObject({
				error: expect.stringMatching(/^'Prompt' is empty \[item 1\]$/),
			});
			expect(emulator.current.tasks().map((task) => task.prompt)).toEqual(['One', 'Three']);
		},
	);

	test.each<[(typeof BY_TASK_ID)[number], INodeParameters]>([
		['getTask', { simplify: '={{ $json.nothing }}' }],
		['wait', { timeout: '={{ $json.nothing }}' }],
		['wait', { waitStrategy: '={{ $itemIndex ? "poll" : "callback" }}' }],
	])('%s names the task of each item though %j is wrong', async (operation, wrong) => {
		const taskId = await finishedTask();
		const settings = { onError: 'continueRegularOutput' } as const;
		const { json } = await readEach(operation, [taskId, taskId], wrong, settings);
		expect(json).toMatchObject([{ details: { taskId } }, { details: { taskId } }]);
	});

	test.each(BY_TASK_ID)('%s reads the good items beside a bad one', async (operation) => {
		const taskId = await finishedTask();
		const settings = { onError: 'continueRegularOutput' } as const;
		const { json, error } = await readEach(operation, ['nonsense', taskId], {}, settings);
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
