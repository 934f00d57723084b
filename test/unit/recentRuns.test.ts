import type { Entry } from '../../nodes/Kling/creating/entry';
import { forgetRuns, recallRun, rememberRun } from '../../nodes/Kling/creating/recentRuns';
import { SUMMARY, taskIdOf } from '../harness/node/builders';

afterEach(forgetRuns);

const run = (executionId: string) => ({ executionId, place: ['Create', 0] });

function entry(changes: Partial<Entry> = {}): Entry {
	return {
		runIndex: 0,
		item: 0,
		executionId: '1',
		sentBy: '1',
		request: 'a cat',
		written: 'as it was',
		taskId: taskIdOf(1),
		createdAt: 0,
		summary: SUMMARY,
		state: 'standing',
		...changes,
	};
}

test('a run that this process knows nothing of is what is stored of it', () => {
	const stored = [entry()];
	expect(recallRun(run('1'), stored)).toBe(stored);
});

test('a run is what it has created here, though what is stored is from before that', () => {
	const created = [entry(), entry({ item: 1, taskId: taskIdOf(2) })];
	rememberRun(run('1'), created);
	expect(recallRun(run('1'), [])).toBe(created);
	expect(recallRun(run('1'), [entry({ taskId: null })])).toEqual([
		entry(),
		entry({ item: 1, taskId: taskIdOf(2) }),
	]);
	expect(recallRun(run('2'), [])).toEqual([]);
});

test('what another process has created for the same run is added', () => {
	const elsewhere = entry({ request: 'a dog', taskId: taskIdOf(2) });
	rememberRun(run('1'), [entry()]);
	expect(recallRun(run('1'), [entry(), elsewhere])).toEqual([entry(), elsewhere]);
});

test('of an execution that n8n cannot have begun before, nothing is remembered', () => {
	const first = { executionId: '1', place: null };
	rememberRun(first, [entry()]);
	expect(recallRun(first, [])).toEqual([]);
});

test('10,000 entries are remembered, and the oldest runs forgotten first', () => {
	const many = Array.from({ length: 5_000 }, (_, item) => entry({ item }));
	for (const key of ['first', 'second', 'third']) rememberRun(run(key), [...many]);
	const lengths = ['first', 'second', 'third'].map((key) => recallRun(run(key), []).length);
	expect(lengths).toEqual([0, 5_000, 5_000]);
});
