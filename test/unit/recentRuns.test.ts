import type { Entry } from '../../nodes/Kling/creating/entry';
import { forgetRuns, recall, remember } from '../../nodes/Kling/creating/recentRuns';
import { SUMMARY, taskIdOf } from '../harness/node/builders';

afterEach(forgetRuns);

function entry(changes: Partial<Entry> = {}): Entry {
	return {
		node: 'Create',
		runIndex: 0,
		item: 0,
		executionId: '1',
		sentBy: '1',
		request: 'a cat',
		written: 'as it was',
		taskId: taskIdOf(1),
		createdAt: 0,
		summary: SUMMARY,
		isRefunded: false,
		...changes,
	};
}

test('an execution that this process knows nothing of is what is stored of it', () => {
	const stored = [entry()];
	expect(recall('1', stored)).toBe(stored);
});

test('an execution is what it has created here, though what is stored is from before that', () => {
	const created = [entry(), entry({ item: 1, taskId: taskIdOf(2) })];
	remember('1', created);
	expect(recall('1', [])).toBe(created);
	expect(recall('1', [entry({ taskId: null })])).toEqual([
		entry(),
		entry({ item: 1, taskId: taskIdOf(2) }),
	]);
	expect(recall('2', [])).toEqual([]);
});

test('what another process has created for the same execution is added', () => {
	const elsewhere = entry({ request: 'a dog', taskId: taskIdOf(2) });
	remember('1', [entry()]);
	expect(recall('1', [entry(), elsewhere])).toEqual([entry(), elsewhere]);
});

test('10,000 entries are remembered, and the oldest executions forgotten first', () => {
	const many = Array.from({ length: 5_000 }, (_, item) => entry({ item }));
	for (const key of ['first', 'second', 'third']) remember(key, [...many]);
	const lengths = ['first', 'second', 'third'].map((key) => recall(key, []).length);
	expect(lengths).toEqual([0, 5_000, 5_000]);
});
