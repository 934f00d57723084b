import { toEntries } from '../../nodes/Kling/parameters/readers';

test.each<[string, unknown, unknown[]]>([
	['a list of any depth', ['one', [['two'], [[['three']]]]], ['one', 'two', 'three']],
	['a JSON array as text', ' ["one", ["two", ["three"]]] ', ['one', 'two', 'three']],
	['a text with separators', 'one, two,, three,', ['one', ' two', ' three']],
	['gaps', [null, 'one', undefined, ' '], ['one']],
	['one value that is no list', { name: 'one' }, [{ name: 'one' }]],
])('the entries of %s', (_, value, entries) => {
	expect(toEntries(value, /,/)).toEqual(entries);
});
