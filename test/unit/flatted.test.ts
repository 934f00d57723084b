import { parseFlatted } from '../harness/n8n/flatted';

test.each([
	['[1]', 1],
	['["text"]', 'text'],
	['[null]', null],
	['[[]]', []],
	['[{"a":1,"b":true,"c":null,"d":"1"},"1"]', { a: 1, b: true, c: null, d: '1' }],
	['[{"list":"1"},["2","3","2"],"x",{"deep":"4"},"y"]', { list: ['x', { deep: 'y' }, 'x'] }],
])('%s', (text, expected) => {
	expect(parseFlatted(text)).toEqual(expected);
});

test('a value that contains itself', () => {
	const parsed = parseFlatted('[{"self":"0"}]');
	expect(parsed).toHaveProperty('self', parsed);
});

test('the name __proto__ stays a plain property', () => {
	const parsed = parseFlatted('[{"__proto__":"1"},{"admin":true}]');
	expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
});

test.each(['', '{}', '[]', '[{"a":"7"}]'])('refuses %j', (text) => {
	expect(() => parseFlatted(text)).toThrow();
});
