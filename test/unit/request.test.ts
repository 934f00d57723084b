import fc from 'fast-check';

import { readCallback } from '../../nodes/Kling/parameters/callback';
import { readImageSettings } from '../../nodes/Kling/parameters/images';
import { InvalidParameterError, toNumber } from '../../nodes/Kling/parameters/read';
import { readTaskId } from '../../nodes/Kling/parameters/taskId';
import { readDuration, readPrompt, readSound } from '../../nodes/Kling/parameters/video';
import { settings, TASK_ID } from '../harness/node/builders';

const promptOf = (prompt: unknown) => readPrompt(settings({ prompt }));
const durationOf = (duration: unknown) => readDuration(settings({ duration }));
const soundOf = (sound: unknown) => readSound(settings({ sound }));
const taskIdOf = (taskId: unknown) => readTaskId(settings({ taskId }));
const callbackUrlOf = (callbackUrl: unknown) =>
	readCallback(settings({ callback: 'url', callbackUrl }));

function imageUrlsOf(imageUrls: unknown): string[] {
	const images = readImageSettings(settings({ imageSource: 'url', imageUrls }));
	return images.source === 'url' ? images.urls : [];
}

const ONE = 'https://example.com/one.jpg';
const TWO = 'https://example.com/two.png?size=large';

/** What a parameter refuses, or null when it takes the value. */
function refusalOf(parse: () => unknown): InvalidParameterError | null {
	try {
		parse();
		return null;
	} catch (thrown) {
		if (thrown instanceof InvalidParameterError) return thrown;
		throw thrown;
	}
}

/** Values an expression can give besides text; the odd keys have broken many a `String(value)`. */
const anyValue = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true });

describe('the prompt', () => {
	test.each([
		['nothing', undefined],
		['null', null],
		['an empty text', ''],
		['only spaces and line breaks', ' \n\t '],
		['an object', { text: 'A cat' }],
		['a list', ['A cat']],
	])('%s is refused', (_, value) => {
		expect(refusalOf(() => promptOf(value))).toMatchObject({ parameter: 'Prompt' });
	});

	test('is sent exactly as it was written, spaces and line breaks included', () => {
		expect(promptOf('  A cat\n turns  ')).toBe('  A cat\n turns  ');
	});

	test.each([
		['letters', 'a'],
		['Chinese characters', '字'],
		['emoji of two UTF-16 units', '🎬'],
	])('2,500 %s are accepted and one more is refused, naming both numbers', (_, character) => {
		expect(promptOf(character.repeat(2_500))).toBe(character.repeat(2_500));
		const refusal = refusalOf(() => promptOf(character.repeat(2_501)));
		expect(refusal?.message).toMatch(/2501.*2500/);
	});

	test('is measured in code points, whatever it is made of', () => {
		const codePoint = fc.constantFrom('a', '字', '🎬', 'é', '\u{1F469}', '\u200d');
		fc.assert(
			fc.property(
				fc.array(codePoint, { minLength: 1, maxLength: 60 }),
				fc.integer({ min: 2_440, max: 2_560 }),
				(characters, length) => {
					const prompt = Array.from(
						{ length },
						(_, index) => characters[index % characters.length] ?? 'a',
					).join('');
					expect(refusalOf(() => promptOf(prompt)) === null).toBe(length <= 2_500);
				},
			),
		);
	});

	test('any value is its text or refused, and never crashes', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const refusal = refusalOf(() => expect(promptOf(value)).toBe(String(value)));
				expect(refusal?.parameter ?? 'Prompt').toBe('Prompt');
			}),
		);
	});
});

describe('the image URLs', () => {
	test.each<[string, unknown, string[]]>([
		['one URL', ONE, [ONE]],
		['a URL with spaces around', `  ${ONE}\n`, [ONE]],
		['several with spaces between', `${ONE} ${TWO}`, [ONE, TWO]],
		['several on lines of their own', `${ONE}\n${TWO}`, [ONE, TWO]],
		['several on Windows lines', `${ONE}\r\n\r\n${TWO}\r\n`, [ONE, TWO]],
		['several with tabs between', `${ONE}\t\t${TWO}`, [ONE, TWO]],
		['several with a comma and a space', `${ONE}, ${TWO}`, [ONE, TWO]],
		['an array', [ONE, TWO], [ONE, TWO]],
		['nested arrays', [[ONE], [[TWO]]], [ONE, TWO]],
		['an array of texts with several URLs each', [`${ONE} ${TWO}`, ONE], [ONE, TWO, ONE]],
		['a JSON array as text', JSON.stringify([ONE, TWO]), [ONE, TWO]],
		['an array with gaps', [null, ONE, undefined, ''], [ONE]],
		['a host name in capitals', 'HTTPS://EXAMPLE.COM/A.JPG', ['HTTPS://EXAMPLE.COM/A.JPG']],
		['http without s', 'http://example.com/a.jpg', ['http://example.com/a.jpg']],
		['the same URL twice', `${ONE} ${ONE}`, [ONE, ONE]],
		[
			'a comma inside a URL',
			'https://example.com/w_1,h_2/a.jpg',
			['https://example.com/w_1,h_2/a.jpg'],
		],
	])('%s: all of them, in order', (_, value, expected) => {
		expect(imageUrlsOf(value)).toEqual(expected);
	});

	test.each([
		['nothing', undefined],
		['null', null],
		['an empty text', ''],
		['only spaces', '  \n '],
		['an empty array', []],
		['an empty array as text', '[]'],
		['arrays without any text', [[], [null, '']]],
	])('%s: refused, since Kling 2.6 always needs an image', (_, value) => {
		expect(refusalOf(() => imageUrlsOf(value))).toMatchObject({
			parameter: 'Image URLs',
			reason: expect.stringMatching(/^is empty/),
		});
	});

	test.each([
		['ftp', 'ftp://example.com/a.jpg'],
		['a file address', 'file:///etc/passwd'],
		['embedded data', 'data:image/png;base64,AAAA'],
		['an address without a scheme', 'example.com/a.jpg'],
		['a scheme alone', 'https://'],
		['a port that is none', 'https://example.com:port/a.jpg'],
		['a bad address among good ones', `${ONE} nonsense ${TWO}`],
		['a number', 42],
		['a number in an array', [ONE, 42]],
		['an object', { link: ONE }],
		['an object that hides its text', { toString: 1 }],
	])('%s: refused as no http(s) address', (_, value) => {
		expect(refusalOf(() => imageUrlsOf(value))).toMatchObject({ parameter: 'Image URLs' });
	});

	test('come out the same however deep they are nested', () => {
		const url = fc.webUrl();
		const nested = fc.letrec<{ node: unknown; list: unknown[] }>((tie) => ({
			node: fc.oneof({ maxDepth: 4 }, url, tie('list')),
			list: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
		}));
		fc.assert(
			fc.property(nested.list, (value) => {
				const flat = value.flat(Infinity);
				fc.pre(flat.length > 0);
				expect(imageUrlsOf(value)).toEqual(flat);
			}),
		);
	});

	/** In a text, a comma or semicolon at the end of a URL separates it from the next one. */
	const urlInText = fc.webUrl().filter((url) => !/[,;]$/.test(url));

	test('are stable: what came out goes in again unchanged, wrapped or not', () => {
		fc.assert(
			fc.property(fc.array(urlInText, { minLength: 1, maxLength: 5 }), (urls) => {
				const once = imageUrlsOf(urls);
				expect(imageUrlsOf(once)).toEqual(once);
				expect(imageUrlsOf([[once]])).toEqual(once);
				expect(imageUrlsOf(once.join('\n'))).toEqual(once);
			}),
		);
	});

	test('any value gives addresses or a refusal, never anything else', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const refusal = refusalOf(() => {
					expect(imageUrlsOf(value).every((url) => /^https?:/i.test(url))).toBe(true);
				});
				expect(refusal?.parameter ?? 'Image URLs').toBe('Image URLs');
			}),
		);
	});
});

describe('the duration', () => {
	test.each([
		[5, 5],
		[10, 10],
		['5', 5],
		['10', 10],
		[' 10 ', 10],
	])('%p is %d seconds, as a number', (value, seconds) => {
		expect(durationOf(value)).toBe(seconds);
	});

	test.each([7, 0, -5, 5.5, 15, NaN, '7', 'abc', '', '5s', '0x5', null, undefined, true, [5], {}])(
		'%p is refused, naming the parameter',
		(value) => {
			expect(refusalOf(() => durationOf(value))).toMatchObject({ parameter: 'Duration' });
		},
	);

	test('any value is 5, 10 or refused', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const refusal = refusalOf(() => expect([5, 10]).toContain(durationOf(value)));
				expect(refusal?.parameter ?? 'Duration').toBe('Duration');
			}),
		);
	});
});

describe('the sound', () => {
	test.each([
		[true, true],
		[false, false],
		['true', true],
		['false', false],
	])('%p is %p', (value, sound) => {
		expect(soundOf(value)).toBe(sound);
	});

	test.each(['maybe', 'yes', '', 0, 1, null, undefined, []])(
		'%p is refused: it doubles the price, so it is never guessed',
		(value) => {
			expect(refusalOf(() => soundOf(value))).toMatchObject({ parameter: 'Sound' });
		},
	);

	test('any value is a boolean or refused', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const refusal = refusalOf(() => expect(typeof soundOf(value)).toBe('boolean'));
				expect(refusal?.parameter ?? 'Sound').toBe('Sound');
			}),
		);
	});
});

describe('the task ID', () => {
	test.each([TASK_ID, TASK_ID.toUpperCase(), ` ${TASK_ID}\n`])('%p is accepted', (value) => {
		expect(taskIdOf(value)).toBe(TASK_ID);
	});

	test.each([undefined, null, '', ' \n'])('%p is refused as empty', (value) => {
		expect(refusalOf(() => taskIdOf(value))).toMatchObject({
			parameter: 'Task ID',
			reason: expect.stringMatching(/^is empty/),
		});
	});

	test.each([
		'undefined',
		'abc',
		'../credits',
		`${TASK_ID}/..`,
		`${TASK_ID}0`,
		TASK_ID.replace('-', ''),
		42,
		{ taskId: TASK_ID },
		[TASK_ID, TASK_ID],
	])('%p is refused as no task ID', (value) => {
		expect(refusalOf(() => taskIdOf(value))).toMatchObject({ parameter: 'Task ID' });
	});

	test('any UUID is accepted', () => {
		fc.assert(
			fc.property(fc.uuid(), (id) => {
				expect(taskIdOf(id)).toBe(id);
			}),
		);
	});

	test('any value gives a UUID or a refusal', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const refusal = refusalOf(() => expect(taskIdOf(value)).toHaveLength(36));
				expect(refusal?.parameter ?? 'Task ID').toBe('Task ID');
			}),
		);
	});
});

describe('the callback URL', () => {
	test('is an http(s) address without the spaces around it', () => {
		expect(callbackUrlOf(' https://n8n.example.com/webhook/a ')).toEqual({
			kind: 'url',
			url: 'https://n8n.example.com/webhook/a',
		});
	});

	test.each([undefined, null, '', '  ', 'n8n.example.com', 'ftp://n8n.example.com', 42])(
		'%p is refused',
		(value) => {
			expect(refusalOf(() => callbackUrlOf(value))).toMatchObject({
				parameter: 'Callback URL',
			});
		},
	);
});

describe('a number in a range', () => {
	const range = { min: 1, max: 50 };

	test.each([
		[1, 1],
		[50, 50],
		['7', 7],
		[' 7.5 ', 7.5],
	])('%p is %d', (value, number) => {
		expect(toNumber({ parameter: 'Concurrency', value }, range)).toBe(number);
	});

	test.each([0, 51, NaN, Infinity, '', ' ', 'many', null, undefined, true, [], {}])(
		'%p is refused, naming the parameter and the range',
		(value) => {
			const refusal = refusalOf(() => toNumber({ parameter: 'Concurrency', value }, range));
			expect(refusal?.message).toMatch(/^'Concurrency' .*(from 1 to 50|no value)/);
		},
	);

	test('any value is within the range or refused', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const refusal = refusalOf(() => {
					const number = toNumber({ parameter: 'Concurrency', value }, range);
					expect(number >= 1 && number <= 50).toBe(true);
				});
				expect(refusal?.parameter ?? 'Concurrency').toBe('Concurrency');
			}),
		);
	});
});
