import { entriesOf, type Entry, forgetRuns } from '../../nodes/Kling/creating/entries';
import { SUMMARY, taskIdOf } from '../harness/node/builders';

afterEach(forgetRuns);

function entry(changes: Partial<Entry> = {}): Entry {
	return {
		id: 'first',
		node: 'Create',
		runIndex: 0,
		item: 0,
		executionIds: ['1'],
		request: 'a cat',
		written: 'as it was',
		taskId: taskIdOf(1),
		createdAt: 0,
		summary: SUMMARY,
		isRefunded: false,
		...changes,
	};
}

/** The entries of an execution of which this is stored. */
const recall = (executionId: string, ...klingCreated: Entry[]) =>
	entriesOf({ klingCreated }, executionId);

test('an execution that this process knows nothing of is what is stored of it', () => {
	const stored = [entry({ taskId: null, isRefunded: true }), entry({ id: 'second', taskId: null })];
	expect(recall('1', ...stored)).toEqual(stored);
});

test('an execution is what it has created here, though what is stored is from before that', () => {
	const created = [entry(), entry({ id: 'second', item: 1, taskId: taskIdOf(2) })];
	const known = recall('1', ...created);
	expect(recall('1')).toBe(known);
	expect(recall('1', entry({ taskId: null }))).toEqual(created);
	expect(recall('2')).toEqual([]);
});

test('what another process has created for the same execution, or found out, is added', () => {
	recall('1', entry({ taskId: null }));
	const unclear = entry({ id: 'second', taskId: null });
	const learnt = entry({ executionIds: ['1', '2'], isRefunded: true });
	expect(recall('1', learnt, unclear)).toEqual([learnt, unclear]);
});

test('10,000 entries are remembered, and the oldest executions forgotten first', () => {
	const many = Array.from({ length: 5_000 }, (_, item) => entry({ id: `${item}`, item }));
	for (const id of ['0', '1', '2']) recall(id, ...many);
	expect(['2', '1', '0'].map((id) => recall(id).length)).toEqual([5_000, 5_000, 0]);
});
