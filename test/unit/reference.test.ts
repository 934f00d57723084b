import fc from 'fast-check';

import { referenceOf, withReference } from '../../nodes/Kling/callback/reference';
import type { CallbackTarget } from '../../nodes/Kling/callback/target';

const TRIGGER: CallbackTarget = {
	callback: 'trigger',
	callbackUrl: 'https://n8n.example/hooks/kling/aB3',
};

const queryOf = ({ callbackUrl }: CallbackTarget) =>
	Object.fromEntries(new URL(callbackUrl ?? '').searchParams);

describe('a reference', () => {
	test('comes back as it was given, whatever it holds', () => {
		const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 });
		fc.assert(
			fc.property(
				texts.filter((text) => [...text].length <= 200),
				(text) => {
					expect(referenceOf(queryOf(withReference(TRIGGER, text)))).toBe(text);
				},
			),
		);
	});

	test('goes to a Kling Trigger that is called by its address, too', () => {
		const url = 'https://other.example/webhook/kling/xYz1';
		const target = withReference({ callback: 'url', callbackUrl: url }, 'row 42');
		expect(target.callbackUrl).toBe(`${url}?reference=row+42`);
	});

	test.each<[string, CallbackTarget]>([
		['a resume URL', { callback: 'execution', callbackUrl: 'https://n8n.example/w/1?signature=a' }],
		['an address of others', { callback: 'url', callbackUrl: 'https://shop.example/done' }],
		['nobody', { callback: 'none', callbackUrl: undefined }],
	])('never goes to %s', (_, target) => {
		expect(withReference(target, 'row-42')).toEqual(target);
	});

	test('leaves the address alone where there is none', () => {
		expect(withReference(TRIGGER, null)).toEqual(TRIGGER);
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
