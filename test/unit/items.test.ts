import { ExpressionError, NodeApiError, NodeOperationError } from 'n8n-workflow';

import { type Failure, Refusal, Thrown } from '../../nodes/Kling/api/failure';
import { type ItemOutcome, toItem, toNodeError, VideoFailed } from '../../nodes/Kling/result/item';
import { failure, klingNode, TASK_ID } from '../harness/node/builders';

const context = { getNode: () => klingNode() };
const withErrorOutput = { getNode: () => klingNode({ onError: 'continueErrorOutput' }) };
const tool = { ...context, isToolExecution: () => true };

const good: ItemOutcome = { json: { taskId: TASK_ID } };
const refusal = new Refusal("'Prompt' is empty", 'Write.');

const failedVideo = new VideoFailed(TASK_ID, { code: 'upstream_error', message: 'Too dark' });

describe('a failure as n8n’s error', () => {
	test('is a NodeOperationError with parameter, item and hint when a value is wrong', () => {
		const error = toNodeError(context, refusal, 2);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error.message).toBe("'Prompt' is empty [item 2]");
		expect(error.description).toBe('Write.');
		expect(error.context).toMatchObject({ itemIndex: 2 });
	});

	test('is a NodeApiError with the task and the cause for a video that failed', () => {
		const error = toNodeError(context, failedVideo, 1);
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error.message).toMatch(`Task ${TASK_ID} did not produce a video: Too dark`);
		expect(error.context).toMatchObject({ itemIndex: 1 });
	});

	test('says what it says, though n8n has words of its own for what is in it', () => {
		const text = 'connect ETIMEDOUT 10.1.2.3:443';
		const failed = new VideoFailed(TASK_ID, { code: 'upstream_error', message: text });
		const failures = [new Refusal(`'Sound' is “${text}”`, ''), failed];
		for (const one of [...failures, failure({ kind: 'host', text })]) {
			expect(toNodeError(context, one, 0).message).toContain(text);
		}
	});

	test('is n8n’s own where that threw one', () => {
		const error = new NodeOperationError(klingNode(), 'ready');
		expect(toNodeError(context, new Thrown(error), 0)).toBe(error);
	});

	test('names parameter and item of an expression that fails, and keeps what the editor makes of it', () => {
		const thrown = new ExpressionError('Invalid', { messageTemplate: 'No path back' });
		const error = toNodeError(context, new Thrown(thrown, 'Prompt'), 1);
		expect(error.message).toBe("'Prompt' cannot be evaluated: Invalid [item 1]");
		expect(error.context).toMatchObject({ messageTemplate: 'No path back', itemIndex: 1 });
	});

	test.each([
		['an Error', new TypeError('odd')],
		['a text', 'odd'],
	])('is a NodeOperationError of the item for %s', (_, thrown) => {
		const error = toNodeError(context, new Thrown(thrown), 4);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error.message).toBe('odd');
		expect(error.context).toMatchObject({ itemIndex: 4 });
	});
});

describe('the output', () => {
	test('has paired items, those that failed too', () => {
		expect(toItem(context, good, 2).pairedItem).toEqual({ item: 2 });
		const failed = { json: { details: { taskId: TASK_ID } }, pairedItem: { item: 1 } };
		expect(toItem(context, refusal.about(TASK_ID), 1)).toMatchObject(failed);
	});

	test('of an item that failed has no keys but those n8n looks for', () => {
		const keysWith = (where: typeof context) => Object.keys(toItem(where, refusal, 0).json);
		expect(keysWith(context)).toEqual(['error', 'details']);
		// n8n 2.0 takes no item with other keys for an error there.
		expect(keysWith(withErrorOutput)).toEqual(['error', 'message']);
	});

	test('at an error output names the task in the one text that n8n keeps', () => {
		const failed = [refusal.about(TASK_ID), failedVideo];
		const named = { json: { error: expect.stringContaining(TASK_ID) } };
		for (const one of failed) expect(toItem(withErrorOutput, one, 0)).toMatchObject(named);
	});

	test('has binary data only where there is some', () => {
		const binary = { data: { data: '', mimeType: 'video/mp4' } };
		expect(toItem(context, good, 0)).not.toHaveProperty('binary');
		expect(toItem(context, { ...good, binary }, 0)).toMatchObject({ binary });
	});
});

describe('what the model of an AI Agent reads', () => {
	const read = (outcome: ItemOutcome | Failure) => toItem(tool, outcome, 0).json;

	test('of an item that failed is one text: what happened, and what to do', () => {
		expect(read(refusal)).toEqual({ error: "'Prompt' is empty. Write." });
	});

	test('names the task that was created for it', () => {
		expect(read(refusal.about(TASK_ID))).toMatchObject({ taskId: TASK_ID });
	});

	test('of an unclear create forbids another call and sends the user to the dashboard', () => {
		const unclear = failure({ status: 500, code: null });
		expect(read(unclear)['error']).toMatch(
			/may have been charged\. Do not call this tool again for the same video\. Ask the user to look in the dashboard/,
		);
	});

	test('of a task has nothing about callbacks, and the note where there is one', () => {
		const json = { taskId: TASK_ID, callback: 'trigger', callbackUrl: 'https://n8n.example/' };
		expect(read({ json, note: null })).toEqual({ taskId: TASK_ID });
		expect(read({ json, note: 'Known.' })).toEqual({ taskId: TASK_ID, note: 'Known.' });
	});
});
