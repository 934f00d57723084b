import fc from 'fast-check';

import { referenceOf, withReference } from '../../nodes/Kling/callback/reference';
import type { CallbackTarget } from '../../nodes/Kling/callback/target';

const TRIGGER: CallbackTarget = {
	callback: 'trigger',
	callbackUrl: 'https://n8n.example/hooks/kling/aB3',
};

const OURS = 'https://n8n.example/webhook/kling/';
const isOurs = (url: string) => url.startsWith(OURS);

const queryOf = ({ callbackUrl }: CallbackTarget) =>
	Object.fromEntries(new URL(callbackUrl ?? '').searchParams);

describe('a reference', () => {
	test('comes back as it was given, whatever it holds', () => {
		const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 });
		fc.assert(
			fc.property(
				texts.filter((text) => [...text].length <= 200),
				(text) => {
					expect(referenceOf(queryOf(withReference(TRIGGER, text, isOurs)))).toBe(text);
				},
			),
		);
	});

	test('goes to a Kling Trigger of this n8n that is called by its address, too', () => {
		const url = `${OURS}xYz1`;
		const target = withReference({ callback: 'url', callbackUrl: url }, 'row 42', isOurs);
		expect(target.callbackUrl).toBe(`${url}?reference=row+42`);
	});

	test.each<[string, CallbackTarget]>([
		['a resume address', { callback: 'execution', callbackUrl: `${OURS}1?signature=a` }],
		['an address of others', { callback: 'url', callbackUrl: 'https://shop.example/kling/1' }],
		['nobody', { callback: 'none', callbackUrl: null }],
	])('never goes to %s', (_, target) => {
		expect(withReference(target, 'row-42', isOurs)).toEqual(target);
	});

	test('leaves the address alone where there is none', () => {
		expect(withReference(TRIGGER, null, isOurs)).toEqual(TRIGGER);
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
