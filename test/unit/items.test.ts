import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { CancelledError } from '../../nodes/Kling/n8n/async';
import type { ItemOutcome } from '../../nodes/Kling/result/item';
import { toItemError } from '../../nodes/Kling/result/item';
import { settleItem, toOutput } from '../../nodes/Kling/result/output';
import { InvalidParameterError } from '../../nodes/Kling/parameters/read';
import { failure, klingNode, TASK_ID } from '../harness/node/builders';

const context = { getNode: () => klingNode() };
const stopping = { ...context, continueOnFail: () => false };
const continuing = { ...context, continueOnFail: () => true };
const tool = { ...stopping, isToolExecution: () => true };

const good: ItemOutcome = { ok: true, json: { taskId: TASK_ID } };

function bad(message: string): ItemOutcome {
	return { ok: false, error: new NodeOperationError(klingNode(), message), taskId: TASK_ID };
}

describe('what went wrong with an item', () => {
	test('is a NodeOperationError with parameter, item and hint when a value is wrong', () => {
		const error = toItemError(
			context,
			new InvalidParameterError('Prompt', 'is empty', 'Write.'),
			2,
		);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error.message).toMatch(/^'Prompt' is empty \[item 2\]$/);
		expect(error.description).toBe('Write.');
		expect(error.context).toMatchObject({ itemIndex: 2 });
	});

	test('is a NodeApiError when the API did not do it', () => {
		const error = toItemError(context, failure(), 1, TASK_ID);
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error.message).toContain(TASK_ID);
	});

	test('is passed on when it is n8n’s error already', () => {
		const error = new NodeOperationError(klingNode(), 'ready');
		expect(toItemError(context, error, 0)).toBe(error);
	});

	test.each([
		['an Error', new TypeError('odd')],
		['a text', 'odd'],
	])('is a NodeOperationError of the item for %s', (_, thrown) => {
		const error = toItemError(context, thrown, 4);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error.message).toBe('odd');
		expect(error.context).toMatchObject({ itemIndex: 4 });
	});

	test('is no item’s fault when the execution was cancelled', async () => {
		expect(() => toItemError(context, new CancelledError(), 0)).toThrow(CancelledError);
		const settling = settleItem(context, 0, async () => await Promise.reject(new CancelledError()));
		await expect(settling).rejects.toBeInstanceOf(CancelledError);
	});
});

describe('the output', () => {
	test('has one item for each input item, in order and paired', () => {
		const [items] = toOutput(stopping, [good, good]);
		expect(items?.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	test('is the first item’s error when the node stops on errors', () => {
		expect(() => toOutput(stopping, [good, bad('first'), bad('second')])).toThrow('first');
	});

	test('keeps the good items and the place of the bad ones when it continues', () => {
		const [items] = toOutput(continuing, [bad('no'), good]);
		expect(items?.[0]?.json).toMatchObject({ error: 'no', details: { taskId: TASK_ID } });
		expect(items?.[1]?.json).toEqual({ taskId: TASK_ID });
	});

	test('of an item that failed has no keys but those n8n looks for', () => {
		const [items] = toOutput(continuing, [bad('no')]);
		expect(Object.keys(items?.[0]?.json ?? {}).sort()).toEqual(['details', 'error']);
	});

	test('has binary data only where there is some', () => {
		const binary = { data: { data: '', mimeType: 'video/mp4' } };
		const [items] = toOutput(stopping, [good, { ...good, binary }]);
		expect(items?.map((item) => 'binary' in item)).toEqual([false, true]);
	});
});

describe('what the model of an AI Agent reads', () => {
	const read = (outcome: ItemOutcome) => toOutput(tool, [outcome])[0]?.[0]?.json;

	test('of an item that failed is one text: what happened, and what to do', () => {
		const error = toItemError(tool, new InvalidParameterError('Prompt', 'is empty', 'Write.'), 2);
		const said = read({ ok: false, error });
		expect(Object.keys(said ?? {})).toEqual(['error']);
		expect(said?.error).toMatch(/Prompt.*empty.*\. Write\.$/);
	});

	test('names the task that was created for it', () => {
		expect(read(bad('no'))).toEqual({ error: 'no.', taskId: TASK_ID });
	});

	test('has no number of an item, which it knows nothing of', () => {
		expect(read(bad('The video failed [item 3]'))).toMatchObject({ error: 'The video failed.' });
	});

	test('of an unclear create forbids another call and sends the user to the dashboard', () => {
		const error = toItemError(tool, failure({ outcome: 'unclear', status: 500, code: null }), 0);
		expect(read({ ok: false, error })?.error).toMatch(
			/may have been charged\. Do not call this tool again for the same video\. Ask the user to look in the dashboard/,
		);
	});

	test('of a task has nothing about callbacks', () => {
		const json = { taskId: TASK_ID, callback: 'trigger', callbackUrl: 'https://n8n.example/' };
		expect(read({ ok: true, json })).toEqual({ taskId: TASK_ID });
	});
});
