import type { IExecuteFunctions } from 'n8n-workflow';

import { ApiFailure, Unreached } from '../../nodes/Kling/api/failure';
import { createTasks } from '../../nodes/Kling/creating/createTasks';
import { Journal } from '../../nodes/Kling/creating/journal';
import type { ToBuy } from '../../nodes/Kling/creating/prepare';
import { failure, fakeClient, klingNode, requestFor, taskIdOf } from '../harness/node/builders';
import { standIn } from '../harness/standIn';

test('nothing further is sent while the balance is read of an account that has too few credits', async () => {
	const sent: string[] = [];
	let tell: (balance: number) => void = () => {};
	const balance = new Promise<number>((resolve) => (tell = resolve));
	const client = fakeClient({
		create: async ({ prompt }) => {
			sent.push(prompt);
			await Promise.resolve();
			if (prompt !== 'too dear') return taskIdOf(sent.length);
			return failure({ status: 402, code: 'insufficient_credits' });
		},
		getCredits: async () => ({ balance: await balance, totalPurchased: 0, totalConsumed: 0 }),
	});
	const item = (prompt: string): ToBuy => ({
		client,
		spending: { maxCredits: 0, checkBalance: false, checkImages: false, concurrency: 2 },
		result: { simplify: true, downloadField: null },
		wait: null,
		request: requestFor(prompt),
		imagesToCheck: [],
		task: null,
	});
	const writtenOf = () => '';
	const run = { executionId: '1', node: 'Kling', runIndex: 0, writtenOf, isRemembered: false };
	const context = standIn<IExecuteFunctions>({
		getNode: () => klingNode(),
		continueOnFail: () => false,
		getExecutionCancelSignal: () => undefined,
	});
	const items = ['too dear', 'second', 'third', 'fourth'].map(item);
	const sending = createTasks(context, new Journal({}, run, () => {}), items);
	await new Promise(setImmediate);
	tell(100);
	const outcomes = await sending;
	expect(sent).toEqual(['too dear', 'second']);
	expect(outcomes[0]).toBeInstanceOf(ApiFailure);
	expect(outcomes[2]).toBeInstanceOf(Unreached);
});
