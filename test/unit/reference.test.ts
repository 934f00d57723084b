import fc from 'fast-check';

import { referenceOf, withReference } from '../../nodes/Kling/callback/registration';

const TRIGGER = 'https://n8n.example/hooks/kling/aB3';

describe('a reference', () => {
	test('comes back as it was given, whatever it holds', () => {
		const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 });
		fc.assert(
			fc.property(
				texts.filter((text) => [...text].length <= 200),
				(text) => {
					const { searchParams } = new URL(withReference(TRIGGER, text));
					expect(referenceOf(Object.fromEntries(searchParams))).toBe(text);
				},
			),
		);
	});

	test('leaves the address alone where there is none', () => {
		expect(withReference(TRIGGER, null)).toBe(TRIGGER);
	});

	test.each([
		[{}],
		[{ reference: '' }],
		[{ reference: ['one', 'two'] }],
		[{ reference: 'x'.repeat(201) }],
	])('is null for a callback with the query %j', (query) => {
		expect(referenceOf(query)).toBeNull();
	});
});
